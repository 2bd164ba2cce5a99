package monitor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// BenchmarkLatency is the time from an act in the store to the bytes on the terminal, while
// 50 jobs run that print 20 lines a second each: a job that is submitted, in the list, and a
// line that a worker prints, in the log that is followed.
func BenchmarkLatency(b *testing.B) {
	for _, where := range []string{"list", "log"} {
		b.Run(where, func(b *testing.B) {
			term := newTerminal(b)
			w := newWorld(b)
			ctx, stop := context.WithCancel(b.Context())
			lease := busy(b, ctx, w, 50)
			cfg := w.config()
			cfg.In, cfg.Out, cfg.Env, cfg.Now = term.guest, term.guest, []string{"TERM=xterm-256color"}, time.Now
			ended := make(chan error, 1)
			go func() { ended <- Run(ctx, cfg) }()
			term.until(b, "▸ running")
			if where == "log" {
				io.WriteString(term.host, "Gl")
				term.until(b, "submitted")
			}
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				token := tokenOf(i)
				term.forget()
				begun := time.Now()
				if where == "log" {
					w.record(lease, agent.EventOutput, token+"\n")
				} else {
					w.submit(agent.Spec{Text: token})
				}
				term.until(b, token)
				took = append(took, time.Since(begun))
			}
			stop()
			<-ended
			term.text()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// tokenOf is a word that has no letter where the one before has it, so that a terminal
// that only gets what changed gets it whole.
func tokenOf(i int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return letters[i%13:i%13+12] + fmt.Sprint(i%2)
}

// busy makes n jobs that print until ctx ends. The first, whose lease comes back, does not.
func busy(b *testing.B, ctx context.Context, w *world, n int) agent.Lease {
	var first agent.Lease
	for i := range n {
		w.submit(agent.Spec{Text: "runs"})
		l := w.claim()
		if i == 0 {
			first = l
			continue
		}
		done := make(chan struct{})
		b.Cleanup(func() { <-done })
		go func() {
			defer close(done)
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				select {
				case <-tick.C:
					if err := w.Record(ctx, l, agent.EventOutput, strings.Repeat("output ", 10)+"\n"); err != nil && ctx.Err() == nil {
						b.Error(err)
					}
				case <-ctx.Done():
				}
			}
		}()
	}
	return first
}

func (term *terminal) forget() {
	term.mu.Lock()
	term.seen.Reset()
	term.mu.Unlock()
}
