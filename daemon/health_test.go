package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/store/mem"
)

func onPort(o *daemon.Options) { o.Listen = "127.0.0.1:0" }

// get asks the health port.
func (r *running) get(t *testing.T, path string) (int, api.Health) {
	t.Helper()
	p, err := r.client(t).Ping(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: tr}).Get("http://" + p.Listen + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h api.Health
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, h
}

func TestHealth(t *testing.T) {
	asked := 0
	git := func(context.Context) (string, error) { asked++; return "2.39.5", nil }
	store := mem.New(mem.Options{})
	defer store.Close()
	if _, err := store.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	r := start(t, daemon.Parts{Store: kept{store}, Git: git}, onPort)
	for path, whole := range map[string]bool{api.PathLivez: false, api.PathReadyz: false, api.PathHealthz: true} {
		status, h := r.get(t, path)
		if status != http.StatusOK || !h.OK || len(h.Problems) > 0 {
			t.Errorf("%s: %d %+v", path, status, h)
		}
		if !whole {
			continue
		}
		if !h.Store.OK || !h.Disk.OK || h.Disk.Free == 0 || h.Disk.Path != r.opt.State || h.Git.Version != "2.39.5" ||
			h.Queue.Queued != 1 || h.Queue.Waiting != 1 || h.Queue.OldestWait <= 0 || h.Build.Version != "v1.0.0" || h.Started.IsZero() {
			t.Errorf("%s: %+v", path, h)
		}
	}
	if asked != 1 {
		t.Errorf("git was asked %d times", asked)
	}
	h, err := r.client(t).Health(t.Context())
	if err != nil || !h.OK || h.Git.Version != "2.39.5" {
		t.Errorf("through the client: %+v, %v", h, err)
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	closed := mem.New(mem.Options{})
	closed.Close()
	for _, c := range []struct {
		name  string
		parts daemon.Parts
		edit  func(*daemon.Options)
		part  string
		words string
	}{
		{"disk full", daemon.Parts{}, func(o *daemon.Options) { o.MinDisk = 1 << 60 }, "disk", "MiB are free"},
		{"store closed", daemon.Parts{Store: kept{closed}}, func(*daemon.Options) {}, "store", "closed"},
		{"no git", daemon.Parts{Git: func(context.Context) (string, error) {
			return "", agent.Errorf(agent.Unavailable, "git is not installed").WithHint("install git")
		}}, func(*daemon.Options) {}, "git", "not installed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, c.parts, onPort, c.edit)
			for _, path := range []string{api.PathReadyz, api.PathHealthz} {
				status, h := r.get(t, path)
				if status != http.StatusServiceUnavailable || h.OK || len(h.Problems) != 1 || h.Problems[0].Part != c.part || !strings.Contains(h.Problems[0].Reason, c.words) {
					t.Errorf("%s: %d %+v", path, status, h)
				}
			}
			if status, _ := r.get(t, api.PathLivez); status != http.StatusOK {
				t.Errorf("livez: %d; a restart would not help", status)
			}
			if h, err := r.client(t).Health(t.Context()); err != nil || h.OK {
				t.Errorf("through the client: %+v, %v", h, err)
			}
		})
	}
}

func TestNoPort(t *testing.T) {
	for _, off := range []string{"", "off"} {
		r := start(t, daemon.Parts{}, func(o *daemon.Options) { o.Listen = off })
		if p, err := r.client(t).Ping(t.Context()); err != nil || p.Listen != "" {
			t.Errorf("ping %+v, %v", p, err)
		}
	}
}

// done ends a new job in store and returns it.
func done(t *testing.T, store *mem.Store) agent.Job {
	t.Helper()
	job, err := store.Submit(t.Context(), spec())
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
	return job
}

func TestJanitorRunsAtTheStart(t *testing.T) {
	store := mem.New(mem.Options{})
	defer store.Close()
	for range 3 {
		done(t, store)
	}
	if _, err := store.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	forgot := make(chan agent.ID, 10)
	start(t, daemon.Parts{Store: kept{store}, Forget: func(ctx context.Context, j agent.Job) error {
		if _, err := store.Job(ctx, j.ID); err != nil {
			t.Errorf("job %d was removed before its results were let go of", j.ID)
		}
		forgot <- j.ID
		if j.ID == 2 {
			return errors.New("the mirror is locked")
		}
		return nil
	}}, func(o *daemon.Options) { o.Keep.Age = time.Nanosecond })
	for range 3 {
		<-forgot
	}
	until(t, "job 3 is removed", func() bool { _, err := store.Job(t.Context(), 3); return agent.CodeOf(err) == agent.NotFound })
	for id, want := range map[agent.ID]agent.Code{1: agent.NotFound, 2: "", 4: ""} {
		if _, err := store.Job(t.Context(), id); agent.CodeOf(err) != want {
			t.Errorf("job %d: %v", id, err)
		}
	}
}
