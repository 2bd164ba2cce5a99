package monitor

import (
	"context"
	"errors"
	"testing"

	"codeagent.dev/agent"
)

// applying runs the monitor in a terminal with an Apply that is under way, and ends it
// with end. It returns what Run and the context of Apply said.
func applying(t *testing.T, failed error, end func(term *terminal, stop func(), finish func())) (run, seen error) {
	t.Helper()
	term := newTerminal(t)
	w := newWorld(t)
	w.submit(agent.Spec{Text: "something"})
	w.finish(w.claim(), goodBy("claude"))
	cfg := w.config()
	cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
	begun, done, over := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	cfg.Act.Apply = func(ctx context.Context, _ agent.Ref) (string, error) {
		close(begun)
		<-done
		over <- ctx.Err()
		return "applied", failed
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg) }()
	term.until(t, "something")
	term.write("a")
	term.until(t, "y yes")
	term.write("y")
	<-begun
	end(term, stop, func() {
		select {
		case err := <-ended:
			t.Errorf("it ended while a result was applied: %v", err)
			ended <- err
		default:
		}
		close(done)
	})
	run = <-ended
	select {
	case seen = <-over:
	default:
		t.Error("it ended before the result was applied")
	}
	checkRestored(t, term.text())
	return run, seen
}

func TestWhoLeavesDuringAnApplyLeavesWhenItIsDone(t *testing.T) {
	run, seen := applying(t, nil, func(term *terminal, _, finish func()) {
		term.write("q")
		term.until(t, "applying 1/1: leaving when it is done")
		finish()
	})
	if run != nil || seen != nil {
		t.Errorf("run: %v, apply: %v", run, seen)
	}
}

func TestAnApplyEndsWholeWhateverEndsTheMonitor(t *testing.T) {
	for name, end := range map[string]func(term *terminal, stop func()){
		"context":      func(_ *terminal, stop func()) { stop() },
		"ctrl+c twice": func(term *terminal, _ func()) { term.write("\x03\x03") },
	} {
		t.Run(name, func(t *testing.T) {
			run, seen := applying(t, nil, func(term *terminal, stop, finish func()) {
				end(term, stop)
				term.until(t, "\x1b[?1049l") // the screen is left
				finish()
			})
			if run != nil || seen != nil {
				t.Errorf("run: %v, apply: %v", run, seen)
			}
		})
	}
}

func TestAnApplyThatFailsIsShownToWhoIsLeaving(t *testing.T) {
	run, seen := applying(t, errors.New("the disk is full"), func(term *terminal, _, finish func()) {
		term.write("q")
		term.until(t, "leaving when it is done")
		finish()
		term.until(t, "the disk is full")
		term.write("q")
	})
	if run != nil || seen != nil {
		t.Errorf("run: %v, apply: %v", run, seen)
	}
}
