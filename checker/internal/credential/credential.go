// Package credential issues and verifies Open Badges 3.0 credentials, which
// are W3C Verifiable Credentials (VC Data Model 2.0) with an achievement as
// their claim. It knows nothing of clauses and runs nothing.
//
// A credential travels as a JSON Web Token (OB 3.0 §8.2): a compact JWS whose
// payload is the credential itself, with what JWT calls the same things
// beside it:
//
//	iss  issuer.id              jti  id
//	sub  credentialSubject.id   nbf  validFrom    exp  validUntil
//
// The header has alg, typ and jwk, the public key, and for an issuer that is a
// did:key also kid, the key's DID URL. The algorithms are EdDSA with Ed25519
// and RS256 with 2048 to 4096 bits. As an image it is an SVG file with the JWS
// baked in (OB 3.0 §5.3.2).
//
// Documents that belong to a credential, like a transcript, are its
// relatedResource (VC Data Model 2.0 §5.3): named by a media type, held by a
// digest.
//
// # Limitations
//
// Verifying asks nobody: an issuer that is a URL is only known by the key that
// the caller trusts, and nothing can be revoked. Embedded proofs are not read.
package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// Achievements is what the id of every achievement of the course begins with;
// "course" follows, or a section's id.
const Achievements = "https://github.com/wirekata/wirekata#"

const (
	vcContext    = "https://www.w3.org/ns/credentials/v2"
	badgeContext = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
)

// A Credential is an OpenBadgeCredential, in the part of the vocabulary that
// the course uses.
type Credential struct {
	Context    []string   `json:"@context"`
	ID         string     `json:"id"`
	Type       []string   `json:"type"`
	Name       string     `json:"name"`
	Issuer     Profile    `json:"issuer"`
	ValidFrom  time.Time  `json:"validFrom"`
	ValidUntil *time.Time `json:"validUntil,omitempty"`
	Subject    Subject    `json:"credentialSubject"`
	Evidence   []Evidence `json:"evidence,omitempty"`
	Documents  []Related  `json:"relatedResource,omitempty"`
}

// A Profile is an issuer.
type Profile struct {
	ID   string   `json:"id"`
	Type []string `json:"type"`
	Name string   `json:"name,omitempty"`
}

// A Subject is who has achieved what.
type Subject struct {
	ID          string      `json:"id"`
	Type        []string    `json:"type"`
	Identifier  []Identity  `json:"identifier,omitempty"`
	Achievement Achievement `json:"achievement"`
	Result      []Result    `json:"result,omitempty"`
}

// An Identity is a name by which a subject is known.
type Identity struct {
	Type         string `json:"type"`
	Hashed       bool   `json:"hashed"`
	IdentityHash string `json:"identityHash"`
	IdentityType string `json:"identityType"`
}

// An Achievement says what there is to achieve.
type Achievement struct {
	ID          string              `json:"id"`
	Type        []string            `json:"type"`
	Kind        string              `json:"achievementType"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Criteria    Criteria            `json:"criteria"`
	Version     string              `json:"version,omitempty"`
	Results     []ResultDescription `json:"resultDescription,omitempty"`
}

// Criteria say how an achievement is earned.
type Criteria struct {
	Narrative string `json:"narrative"`
}

// A ResultDescription is the scale of a result, in percent.
type ResultDescription struct {
	ID       string   `json:"id"`
	Type     []string `json:"type"`
	Name     string   `json:"name"`
	Kind     string   `json:"resultType"`
	Required string   `json:"requiredValue"`
	Min      string   `json:"valueMin"`
	Max      string   `json:"valueMax"`
}

// A Result is a value on the scale of a ResultDescription.
type Result struct {
	Type        []string `json:"type"`
	Description string   `json:"resultDescription"`
	Value       string   `json:"value"`
}

// Evidence says how the achievement was shown.
type Evidence struct {
	Type      []string `json:"type"`
	Name      string   `json:"name"`
	Narrative string   `json:"narrative"`
}

// A Related is a document that belongs to the credential.
type Related struct {
	ID        string `json:"id"`
	MediaType string `json:"mediaType"`
	Digest    string `json:"digestSRI"`
}

// A Claim is what a credential is to say.
type Claim struct {
	ID          string // see NewID
	At          time.Time
	Learner     string // the name, or "" where none is to be told
	Achievement string // "course", or a section's id
	Name        string // of the achievement
	Extent      string // how much of it was judged
	Description string
	Criteria    string
	Version     string // of the suites that judged
	Mark        string // reached, in percent
	Needed      string // to pass, in percent
	Narrative   string // how it was judged
	Documents   []Document
}

// A Document is a file that the credential holds by its digest.
type Document struct {
	ID        string // its own, a URI
	MediaType string // each at most once in a credential
	Data      []byte
}

// NewID returns a new URI for a credential or a document: a random UUID.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40 // RFC 9562 §5.4: version 4, random
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// New returns the credential by which the issuer says the claim.
func New(by *Issuer, c Claim) *Credential {
	achievement := Achievements + c.Achievement
	scale := achievement + "-mark"
	cred := &Credential{
		Context:   []string{vcContext, badgeContext},
		ID:        c.ID,
		Type:      []string{"VerifiableCredential", "OpenBadgeCredential"},
		Name:      c.Name + ", " + c.Extent,
		Issuer:    Profile{ID: by.ID, Type: []string{"Profile"}},
		ValidFrom: c.At.UTC().Truncate(time.Second),
		Subject: Subject{
			ID:   by.subject(),
			Type: []string{"AchievementSubject"},
			Achievement: Achievement{
				ID:          achievement,
				Type:        []string{"Achievement"},
				Kind:        "Course",
				Name:        c.Name,
				Description: c.Description,
				Criteria:    Criteria{c.Criteria},
				Version:     c.Version,
				Results: []ResultDescription{{
					ID: scale, Type: []string{"ResultDescription"}, Name: "Final mark",
					Kind: "Percent", Required: c.Needed, Min: "0", Max: "100",
				}},
			},
			Result: []Result{{Type: []string{"Result"}, Description: scale, Value: c.Mark}},
		},
		Evidence: []Evidence{{Type: []string{"Evidence"}, Name: "How it was judged", Narrative: c.Narrative}},
	}
	if c.Learner != "" {
		cred.Subject.Identifier = []Identity{{Type: "IdentityObject", IdentityHash: c.Learner, IdentityType: "name"}}
	}
	for _, d := range c.Documents {
		cred.Documents = append(cred.Documents, Related{ID: d.ID, MediaType: d.MediaType, Digest: digest(d.Data)})
	}
	return cred
}

// digest is that of Subresource Integrity.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Learner returns the name that the credential gives its subject, or "".
func (c *Credential) Learner() string {
	for _, i := range c.Subject.Identifier {
		if i.IdentityType == "name" && !i.Hashed {
			return i.IdentityHash
		}
	}
	return ""
}

// Mark returns the result and what was needed, or "" and "".
func (c *Credential) Mark() (reached, needed string) {
	for _, r := range c.Subject.Result {
		for _, d := range c.Subject.Achievement.Results {
			if r.Description == d.ID {
				return r.Value, d.Required
			}
		}
	}
	return "", ""
}

// Narrative says how it was judged.
func (c *Credential) Narrative() string {
	if len(c.Evidence) == 0 {
		return ""
	}
	return c.Evidence[0].Narrative
}

// Holds reports whether the credential has a document of that media type.
func (c *Credential) Holds(mediaType string) bool {
	_, ok := c.related(mediaType)
	return ok
}

// Matches reports whether data is the credential's document of that media
// type.
func (c *Credential) Matches(mediaType string, data []byte) bool {
	r, ok := c.related(mediaType)
	return ok && r.Digest == digest(data)
}

func (c *Credential) related(mediaType string) (Related, bool) {
	for _, r := range c.Documents {
		if r.MediaType == mediaType {
			return r, true
		}
	}
	return Related{}, false
}
