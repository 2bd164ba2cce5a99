package worker

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent"
)

func TestInsistOutlastsAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := time.Now().Add(time.Hour)
		err := insist(t.Context(), slog.New(slog.DiscardHandler), func(context.Context) error {
			if time.Now().Before(full) {
				return agent.Errorf(agent.Unavailable, "the database cannot grow")
			}
			return nil
		})
		if late := time.Since(full); err != nil || late < 0 || late > 15*time.Second {
			t.Errorf("%v, %s after there was space", err, late)
		}
	})
}

func TestInsistEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []agent.Code{agent.Lost, agent.Stopped, agent.NotFound, agent.Invalid, agent.WrongState} {
			began := time.Now()
			err := insist(t.Context(), slog.New(slog.DiscardHandler), func(context.Context) error { return agent.Errorf(code, "no") })
			if agent.CodeOf(err) != code || time.Since(began) != 0 {
				t.Errorf("%s: %v after %s", code, err, time.Since(began))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := insist(ctx, slog.New(slog.DiscardHandler), func(context.Context) error { return agent.Errorf(agent.Unavailable, "full") })
		if agent.CodeOf(err) != agent.Unavailable || ctx.Err() == nil {
			t.Errorf("a stopping daemon: %v", err)
		}
	})
}
