package asyncwork_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wirekata/wirekata/solutions/patterns/asyncwork"
)

const workers = 4

func quick(context.Context) (any, error) { return nil, nil }

// One task after the other, each waited for: what a door costs. The pool is
// the least that one can write: it has no bound but its channel, no context,
// no name for a task, no end but the program's, and a panic ends that.
func BenchmarkOneAtATime(b *testing.B) {
	b.Run("door=do/by=reference", func(b *testing.B) {
		d := open(b)
		for b.Loop() {
			d.Do(b.Context(), quick)
		}
	})
	b.Run("door=submit/by=reference", func(b *testing.B) {
		d := open(b)
		for b.Loop() {
			id, _ := d.Submit(quick)
			d.Wait(b.Context(), id)
		}
	})
	for _, door := range []string{"do", "submit"} { // the pool's only one
		b.Run("door="+door+"/by=pool", func(b *testing.B) {
			jobs := pool(b)
			for b.Loop() {
				done := make(chan struct{})
				jobs <- job{quick, done}
				<-done
			}
		})
	}
}

// A thousand tasks, all of them accepted before the first is waited for.
func BenchmarkThousand(b *testing.B) {
	const n = 1000
	b.Run("by=reference", func(b *testing.B) {
		d := open(b)
		ids := make([]asyncwork.ID, n)
		for b.Loop() {
			for i := range ids {
				ids[i], _ = d.Submit(quick)
			}
			for _, id := range ids {
				d.Wait(b.Context(), id)
			}
		}
	})
	b.Run("by=pool", func(b *testing.B) {
		jobs := pool(b)
		dones := make([]chan struct{}, n)
		for b.Loop() {
			for i := range dones {
				dones[i] = make(chan struct{})
				jobs <- job{quick, dones[i]}
			}
			for _, done := range dones {
				<-done
			}
		}
	})
	b.Run("by=errgroup", func(b *testing.B) { // its Go waits at the limit
		b.ReportAllocs()
		for b.Loop() {
			var g errgroup.Group
			g.SetLimit(workers)
			for range n {
				g.Go(func() error { _, err := quick(b.Context()); return err })
			}
			g.Wait()
		}
	})
	b.Run("by=go", func(b *testing.B) { // without any limit
		b.ReportAllocs()
		for b.Loop() {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { quick(b.Context()) })
			}
			wg.Wait()
		}
	})
}

// Callers on all processors.
func BenchmarkParallel(b *testing.B) {
	b.Run("by=reference", func(b *testing.B) {
		d := open(b)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				d.Do(context.Background(), quick)
			}
		})
	})
	b.Run("by=pool", func(b *testing.B) {
		jobs := pool(b)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				done := make(chan struct{})
				jobs <- job{quick, done}
				<-done
			}
		})
	})
}

func open(b *testing.B) *asyncwork.Dispatcher {
	b.ReportAllocs()
	d := asyncwork.New(asyncwork.Options{Workers: workers, Queue: 1000, TTL: 100 * time.Millisecond})
	b.Cleanup(func() { d.Close(context.Background()) })
	return d
}

type job struct {
	task func(context.Context) (any, error)
	done chan struct{}
}

// pool starts workers that take jobs from a channel.
func pool(b *testing.B) chan<- job {
	b.ReportAllocs()
	jobs := make(chan job, 1000)
	for range workers {
		go func() {
			for j := range jobs {
				j.task(b.Context())
				close(j.done)
			}
		}()
	}
	b.Cleanup(func() { close(jobs) })
	return jobs
}
