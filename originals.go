// Package wirekata holds the originals that a verdict rests on. They stand in
// the checker's binary, so that a verdict does not depend on what a working
// copy's contracts and solutions have become. The exercises are not here:
// those files are the learner's.
package wirekata

import "embed"

// Originals has the references (solutions/<section>/<topic>) and, under
// checker/contracts, the syllabus (course.yaml) and each topic's suites, stub,
// faults and variants.
//
//go:embed solutions checker/contracts
var Originals embed.FS
