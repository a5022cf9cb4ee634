package credential

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func drawn(t *testing.T, b Badge) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, b.WriteSVG(&out))
	return out.String()
}

// OB 3.0 §5.3.2.1: the namespace on the svg tag, and directly after that tag
// the credential, with the JWS in its attribute verify.
func TestBaking(t *testing.T) {
	image := drawn(t, Badge{Title: "wirekata", JWS: "header.payload.signature"})
	d := xml.NewDecoder(strings.NewReader(image))
	var tags []xml.StartElement
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		if e, ok := token.(xml.StartElement); ok {
			tags = append(tags, e)
		}
	}
	require.Equal(t, xml.Name{Space: "http://www.w3.org/2000/svg", Local: "svg"}, tags[0].Name)
	require.Contains(t, image, `xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"`)
	require.Equal(t, xml.Name{Space: badgeSpace, Local: "credential"}, tags[1].Name)
	require.Equal(t, []xml.Attr{{Name: xml.Name{Local: "verify"}, Value: "header.payload.signature"}}, tags[1].Attr)
	token, err := FromSVG([]byte(image))
	require.NoError(t, err)
	require.Equal(t, "header.payload.signature", token)
}

// A name is text, whatever it looks like, and does not run out of the image.
func TestBadgeShowsTextAsText(t *testing.T) {
	const name = `"><script>alert(1)</script><openbadges:credential verify="x.y.z">`
	image := drawn(t, Badge{Title: name, Learner: name, Mark: name, Day: name, Issuer: name, JWS: "header.payload.signature"})
	require.NotContains(t, image, "<script")
	token, err := FromSVG([]byte(image))
	require.NoError(t, err)
	require.Equal(t, "header.payload.signature", token)
	require.Contains(t, drawn(t, Badge{Learner: strings.Repeat("ß", 28)}), ">"+strings.Repeat("ß", 28)+"<")
	require.Contains(t, drawn(t, Badge{Learner: strings.Repeat("ß", 300)}), ">"+strings.Repeat("ß", 28)+"…<")
	require.Contains(t, drawn(t, Badge{Learner: strings.Repeat("愛", 100)}), ">"+strings.Repeat("愛", 14)+"…<")
}

func TestImagesWithoutOneCredential(t *testing.T) {
	const head = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">`
	const one = `<openbadges:credential verify="a.b.c"></openbadges:credential>`
	for name, tc := range map[string]struct{ image, want string }{
		"none":             {head + "</svg>", "no credential is baked"},
		"two":              {head + one + one + "</svg>", "2 credentials"},
		"of a namespace":   {strings.Replace(head, "/ob/v3p0", "/other", 1) + one + "</svg>", "no credential is baked"},
		"an embedded one":  {head + "<openbadges:credential><![CDATA[{}]]></openbadges:credential></svg>", "no JWS"},
		"cut short":        {head + one, "no SVG"},
		"an entity of own": {`<!DOCTYPE svg [<!ENTITY e "a.b.c">]>` + head + `<openbadges:credential verify="&e;"/></svg>`, "no SVG"},
		"a PNG":            {"\x89PNG\r\n", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromSVG([]byte(tc.image))
			var refused *Refused
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, tc.want)
		})
	}
}
