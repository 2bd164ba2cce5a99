package mem_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
	"codeagent.dev/agent/store/storetest"
)

func open(t *testing.T) (agent.Jobs, agent.Queue) {
	s := mem.New(mem.Options{})
	t.Cleanup(func() { s.Close() })
	return s, s
}

func TestLaw(t *testing.T)     { storetest.Run(t, open) }
func TestLawReal(t *testing.T) { storetest.RunReal(t, open) }

func TestCloseEndsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mem.New(mem.Options{})
		errs := make(chan error, 3)
		if _, err := s.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "x", Repo: "/r", Base: "0123456789abcdef0123456789abcdef01234567"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := s.Claim(context.Background(), agent.Claim{Worker: "w", TTL: time.Hour})
			errs <- err
		}()
		go func() {
			var last error
			for _, err := range s.Events(context.Background(), 1, 0) {
				last = err
			}
			errs <- last
		}()
		go func() {
			var last error
			for _, err := range s.Watch(context.Background()) {
				last = err
			}
			errs <- last
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := <-errs; agent.CodeOf(err) != agent.Unavailable {
				t.Errorf("error %v has code %q, want unavailable", err, agent.CodeOf(err))
			}
		}
		if _, err := s.Status(t.Context()); agent.CodeOf(err) != agent.Unavailable {
			t.Errorf("Status after Close: %v", err)
		}
	})
}
