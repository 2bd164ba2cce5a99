package daemon

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
)

// old makes n jobs that ended, an hour apart, and returns their ids.
func old(t *testing.T, store *mem.Store, n int) (ids []agent.ID) {
	t.Helper()
	for range n {
		job, err := store.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40)})
		if err != nil {
			t.Fatal(err)
		}
		l, err := store.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Finish(t.Context(), l, agent.Outcome{Verdict: agent.NoPatch, Reason: "none"}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, job.ID)
		time.Sleep(time.Hour)
	}
	return ids
}

func left(t *testing.T, store *mem.Store) (ids []agent.ID) {
	t.Helper()
	jobs, err := store.List(t.Context(), agent.Filter{Oldest: true, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

func janitor(store *mem.Store, keep Keep) *daemon {
	return &daemon{opt: Options{Keep: keep, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, parts: Parts{Store: store}}
}

func TestSweepByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New(mem.Options{})
		defer store.Close()
		ids := old(t, store, 5)
		removed, err := janitor(store, Keep{Age: 150 * time.Minute}).sweep(t.Context())
		if err != nil || removed != 3 {
			t.Errorf("%d removed, %v", removed, err)
		}
		if got := left(t, store); !slices.Equal(got, ids[3:]) {
			t.Errorf("left are %v, want %v", got, ids[3:])
		}
	})
}

func TestSweepByBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New(mem.Options{})
		defer store.Close()
		ids := old(t, store, 5)
		status, err := store.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		limit := status.Bytes/2 + 1
		removed, err := janitor(store, Keep{Bytes: limit}).sweep(t.Context())
		if err != nil || removed != 2 && removed != 3 {
			t.Errorf("%d removed, %v", removed, err)
		}
		if got := left(t, store); !slices.Equal(got, ids[removed:]) {
			t.Errorf("left are %v, want the newest", got)
		}
		if status, err = store.Status(t.Context()); err != nil || status.Bytes > limit {
			t.Errorf("%d bytes are left, %v", status.Bytes, err)
		}
		if n, err := janitor(store, Keep{Bytes: 1 << 40}).sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("%d removed within the limit, %v", n, err)
		}
	})
}

func TestSweepMoreThanAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New(mem.Options{})
		defer store.Close()
		old(t, store, sweepPage+20)
		if removed, err := janitor(store, Keep{Age: time.Hour}).sweep(t.Context()); err != nil || removed < sweepPage+18 {
			t.Errorf("%d removed, %v", removed, err)
		}
	})
}

func TestSweepHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := mem.New(mem.Options{})
		defer store.Close()
		old(t, store, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go janitor(store, Keep{Age: 90 * time.Minute}).sweepHourly(ctx)
		synctest.Wait()
		if got := left(t, store); len(got) != 1 {
			t.Fatalf("left are %v; the job is an hour old", got)
		}
		time.Sleep(sweepEvery + time.Second)
		synctest.Wait()
		if got := left(t, store); len(got) != 0 {
			t.Errorf("left are %v after an hour", got)
		}
	})
}
