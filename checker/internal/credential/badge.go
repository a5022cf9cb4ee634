package credential

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"text/template"
)

// badgeSpace is the XML namespace of what is baked into an SVG.
const badgeSpace = "https://purl.imsglobal.org/ob/v3p0"

// A Badge is what the image shows. The image itself is not signed: what counts
// is the JWS in it.
type Badge struct {
	Title   string // what was passed
	Extent  string // how much of it was judged
	Learner string
	Mark    string // "87.5 of 100"
	Day     string
	Issuer  string // "self-issued", or who vouches for it
	JWS     string
}

//go:embed badge.svg
var badgeText string

// WriteSVG writes the image with the JWS baked in.
func (b Badge) WriteSVG(w io.Writer) error {
	t, err := template.New("badge").Funcs(template.FuncMap{"xml": escapeXML, "short": short}).Parse(badgeText)
	if err != nil {
		return err
	}
	return t.Execute(w, b)
}

func escapeXML(text string) (string, error) {
	var b bytes.Buffer
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}

// short shortens a text that would not fit into the image, which has room for
// so many Latin letters. Others may be twice as wide.
func short(room int, text string) string {
	for i, r := range text {
		if room--; r >= 0x1100 {
			room--
		}
		if room < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// FromSVG returns the JWS that is baked into an image.
func FromSVG(image []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(image))
	var found []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", refuse("image: no SVG: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Space == badgeSpace && e.Name.Local == "credential" {
			found = append(found, verifyAttr(e))
		}
	}
	switch {
	case len(found) == 0:
		return "", refuse("image: no credential is baked into it")
	case len(found) > 1:
		return "", refuse("image: %d credentials are baked into it, where one may be (OB 3.0 §5.3.2)", len(found))
	case found[0] == "":
		return "", refuse("image: the credential in it is no JWS")
	}
	return found[0], nil
}

func verifyAttr(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "verify" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}
