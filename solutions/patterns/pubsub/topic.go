package pubsub

import (
	"strings"
	"unicode/utf8"
)

// validTopic reports whether messages may be published on s.
func validTopic(s string) bool {
	return validString(s) && !strings.ContainsAny(s, "+#") // MQTT 5 §4.7.1: no wildcard in a name
}

// validFilter reports whether s can be subscribed to.
func validFilter(s string) bool {
	if !validString(s) {
		return false
	}
	levels := strings.Split(s, "/")
	for i, level := range levels {
		switch {
		case level == "#" && i < len(levels)-1: // §4.7.1.2: the last one, or none
			return false
		case len(level) > 1 && strings.ContainsAny(level, "+#"): // §4.7.1.2, §4.7.1.3: the whole level, or none
			return false
		}
	}
	return true
}

// validString is what names and filters have in common (§4.7.3, §1.5.4).
func validString(s string) bool {
	return s != "" && len(s) <= MaxTopic && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

// A node is what all filters that begin alike have in common: the tree of
// filters is as deep as they have levels. Publishing walks down the levels of
// the topic and never sees a filter that leaves this path.
type node struct {
	// below is the next level. The wildcards are entries like any other: no
	// topic has a level that is spelled like one.
	below  map[string]*node
	queues map[*queue]bool // of the filter that ends here
}

// add puts q at the end of the path.
func (n *node) add(path []string, q *queue) {
	if len(path) == 0 {
		if n.queues == nil {
			n.queues = make(map[*queue]bool)
		}
		n.queues[q] = true
		return
	}
	next := n.below[path[0]]
	if next == nil {
		next = &node{}
		if n.below == nil {
			n.below = make(map[string]*node)
		}
		n.below[path[0]] = next
	}
	next.add(path[1:], q)
}

// remove takes q away from the end of the path, and every node that nobody
// needs any more. It reports whether n itself is one.
func (n *node) remove(path []string, q *queue) (empty bool) {
	if len(path) == 0 {
		delete(n.queues, q)
	} else if next := n.below[path[0]]; next != nil && next.remove(path[1:], q) {
		delete(n.below, path[0])
	}
	return len(n.queues) == 0 && len(n.below) == 0
}

// matching returns the queues whose filters match a topic.
func (n *node) matching(topic string) []*queue {
	levels := strings.Split(topic, "/")
	if strings.HasPrefix(topic, "$") { // §4.7.2: no wildcard stands for its first level
		return n.below[levels[0]].match(levels[1:], nil)
	}
	return n.match(levels, nil)
}

// match appends the queues below n whose filters match the levels that are
// left. A nil node has none.
func (n *node) match(levels []string, found []*queue) []*queue {
	if n == nil {
		return found
	}
	found = n.below["#"].append(found) // §4.7.1.2: the level above it too
	if len(levels) == 0 {
		return n.append(found)
	}
	found = n.below[levels[0]].match(levels[1:], found)
	return n.below["+"].match(levels[1:], found)
}

// append appends the queues of the filter that ends at n.
func (n *node) append(found []*queue) []*queue {
	if n != nil {
		for q := range n.queues {
			found = append(found, q)
		}
	}
	return found
}
