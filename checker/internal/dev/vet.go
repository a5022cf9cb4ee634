package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// vet runs go vet on the references, the stubs and the suites.
func (g *Gate) vet(ctx context.Context, subjects []*subject) error {
	args := []string{"vet"}
	for _, s := range subjects {
		if !s.whole() {
			continue // said before
		}
		for _, folder := range []string{s.topic.Solution(), s.topic.Stub(), s.topic.Contract()} {
			args = append(args, "./"+folder)
		}
	}
	if len(args) == 1 {
		return nil
	}
	cmd := gotool.Command(ctx, g.Root, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	found := false
	for line := range strings.Lines(out.String()) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "vet: "), "./")
		for _, s := range subjects {
			for _, folder := range []string{s.topic.Solution(), s.topic.Contract()} {
				if strings.HasPrefix(line, folder+"/") {
					s.bad("correct it", "go vet: %s", line)
					found = true
				}
			}
		}
	}
	if !found {
		return errors.Join(fmt.Errorf("go vet: %w", err), errors.New(strings.TrimSpace(out.String())))
	}
	return nil
}
