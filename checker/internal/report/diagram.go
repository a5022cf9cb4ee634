package report

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wirekata/wirekata/harness/evidence"
)

// A diagram is a conversation as a sequence diagram: a lane for each party,
// time downwards. Its lengths are those of the drawing's own coordinates.
type diagram struct {
	Width, Height int
	Lanes         []lane
	Ticks         []tick
	Steps         []step
	Arrows        []*arrow
	Messages      []message
	Left          int // messages that are not drawn, before the first one
}

type lane struct {
	X           int
	Name, Shown string
}

// A tick is where on the axis a new instant begins.
type tick struct {
	Y    int
	Text string
}

// A step is what the clause did, across all lanes.
type step struct {
	Y       int
	Number  int
	Text    string // cut to the room that there is
	Title   string
	Control bool
	Failed  bool
}

// An arrow is a message; it slopes if it took time.
type arrow struct {
	X1, Y1, X2, Y2 int
	LabelX, LabelY int
	Anchor         string // which end of the label LabelX is: "start" or "end"
	Text, Title    string
	Lost           bool // it never arrives
	Late           bool // it was lost once
	Number         int
}

// A message is an arrow's octets.
type message struct {
	Number         int
	At             string
	From, To, Text string
	Note           string
	Dump           string // hexadecimal, as hex.Dump has it
	Cut            bool   // there were more octets than the evidence keeps
}

// maxDrawn bounds the messages of one drawing.
const maxDrawn = 60

// Lengths of the drawing.
const (
	axisWidth  = 78
	laneTop    = 34
	newInstant = 10 // added where time has passed
	stepHeight = 34
	sendHeight = 28
	slope      = 12 // what an arrow drops at least, if it took time
)

// draw returns the drawing of a clause's records, or nil where there is no
// message to draw.
func draw(records []evidence.Record) *diagram {
	d := &diagram{}
	drawn := evidence.Last(records, maxDrawn)
	d.Left = countWire(records) - countWire(drawn)
	d.place(parties(drawn))
	if len(d.Lanes) == 0 {
		return nil
	}
	last := lastStep(drawn)
	y, now := laneTop, time.Duration(-1)
	for _, p := range points(drawn) {
		if p.at != now {
			now = p.at
			y += newInstant
		}
		r := &drawn[p.record]
		switch {
		case r.Kind == evidence.Step:
			y += stepHeight
			d.Steps = append(d.Steps, step{
				Y: y, Number: r.Number, Text: cut(r.Text, (d.Width-axisWidth)/7-16), Title: r.Text, Control: r.Control, Failed: r.Number == last,
			})
		case p.arrival:
			y += slope
			a := d.Arrows[p.message]
			a.Y2 = max(y, a.Y1+slope)
		default:
			y += sendHeight
			d.send(r, y)
		}
		if n := len(d.Ticks); n == 0 || d.Ticks[n-1].Text != evidence.Offset(now) {
			d.Ticks = append(d.Ticks, tick{y, evidence.Offset(now)})
		}
	}
	d.Height = y + sendHeight
	return d
}

func countWire(records []evidence.Record) int {
	n := 0
	for i := range records {
		if records[i].Kind == evidence.Wire {
			n++
		}
	}
	return n
}

// parties are who spoke or was spoken to, as they first come.
func parties(records []evidence.Record) []string {
	var names []string
	for i := range records {
		if records[i].Kind != evidence.Wire {
			continue
		}
		for _, name := range []string{records[i].From, records[i].To} {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// place gives each party a lane.
func (d *diagram) place(names []string) {
	gap := 240
	switch len(names) {
	case 0:
		return
	case 1, 2:
		gap = 430
	case 3:
		gap = 300
	}
	for i, name := range names {
		d.Lanes = append(d.Lanes, lane{axisWidth + 60 + i*gap, name, cut(name, 22)})
	}
	d.Width = d.Lanes[len(names)-1].X + 60
}

// lastStep is the step at which the clause failed, the last one, or 0 where it
// did not fail.
func lastStep(records []evidence.Record) int {
	n := 0
	for i := range records {
		switch records[i].Kind {
		case evidence.Step:
			n = records[i].Number
		case evidence.Fail, evidence.Stuck:
			return n
		}
	}
	return 0
}

// A point is something at an instant: a step, or an end of an arrow.
type point struct {
	at      time.Duration
	record  int
	arrival bool
	message int // of an arrival: which of the messages
}

// points are in the order of time, what arrives before what is sent.
func points(records []evidence.Record) []point {
	var all []point
	sent := 0
	for i := range records {
		r := &records[i]
		switch r.Kind {
		case evidence.Step:
			all = append(all, point{at: r.At, record: i})
		case evidence.Wire:
			all = append(all, point{at: r.At, record: i})
			if r.Took > 0 {
				all = append(all, point{at: r.At + r.Took, record: i, arrival: true, message: sent})
			}
			sent++
		}
	}
	slices.SortStableFunc(all, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), behind(a)-behind(b))
	})
	return all
}

func behind(p point) int {
	if p.arrival {
		return 0
	}
	return 1
}

// send begins the arrow of a message.
func (d *diagram) send(r *evidence.Record, y int) {
	n := len(d.Arrows) + 1
	a := &arrow{
		X1: d.lane(r.From), X2: d.lane(r.To), Y1: y, Y2: y, Number: d.Left + n,
		Text: r.Text, Title: r.From + " → " + r.To + "  " + r.Text, Lost: r.Lost && r.Took == 0, Late: r.Lost && r.Took > 0,
	}
	if a.Lost {
		a.X2, a.Y2 = a.X1+(a.X2-a.X1)*6/10, y+slope/2
	}
	if room := abs(d.lane(r.To)-a.X1) / 7; len([]rune(a.Text)) > room {
		a.Text = cut(a.Text, max(room, 12))
	}
	a.label()
	d.Arrows = append(d.Arrows, a)
	m := message{Number: a.Number, At: evidence.Offset(r.At), From: r.From, To: r.To, Text: r.Text, Dump: hex.Dump(r.Bytes), Cut: len(r.Bytes) == evidence.MaxWireBytes}
	switch {
	case a.Lost:
		m.Note = "lost"
	case a.Late:
		m.Note = "lost once, arrives " + evidence.Offset(r.At+r.Took)
	case r.Took > 0:
		m.Note = "arrives " + evidence.Offset(r.At+r.Took)
	}
	d.Messages = append(d.Messages, m)
}

// Head is the transformation that puts the head at the arrow's end.
func (a *arrow) Head() string {
	angle := math.Atan2(float64(a.Y2-a.Y1), float64(a.X2-a.X1)) * 180 / math.Pi
	return fmt.Sprintf("translate(%d %d) rotate(%.1f)", a.X2, a.Y2, angle)
}

// label stands above the arrow's beginning, where no other arrow begins.
func (a *arrow) label() {
	a.LabelX, a.LabelY, a.Anchor = a.X1+8, a.Y1-5, "start"
	if a.X2 < a.X1 {
		a.LabelX, a.Anchor = a.X1-8, "end"
	}
}

func (d *diagram) lane(name string) int {
	for _, l := range d.Lanes {
		if l.Name == name {
			return l.X
		}
	}
	return axisWidth
}

func abs(n int) int { return max(n, -n) }
