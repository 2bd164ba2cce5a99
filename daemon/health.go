package daemon

import (
	"context"
	"os"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

const (
	storeTime = 3 * time.Second // a store that takes longer to count is not well
	gitAge    = time.Minute     // git's version is asked for at most this often
)

// health looks at everything a person would look at first. It is computed when asked
// for, and at no other time.
func (d *daemon) health(ctx context.Context) api.Health {
	h := api.Health{OK: true, Build: d.opt.Build, Protocol: api.Speaks(), PID: os.Getpid(), Started: d.started}
	h.Workers.Running, h.Workers.Limit = d.busy()
	d.checkStore(ctx, &h)
	d.checkDisk(&h)
	d.checkGit(ctx, &h)
	if d.stopping.Load() {
		h.Fail("daemon", agent.Errorf(agent.Unavailable, "the daemon is stopping"))
	}
	return h
}

func (d *daemon) checkStore(ctx context.Context, h *api.Health) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	began := time.Now()
	status, err := d.parts.Store.Status(ctx)
	h.Store = api.StoreHealth{OK: err == nil, Took: agent.Duration(time.Since(began)), Bytes: status.Bytes}
	h.Queue.Status = status
	if !status.Oldest.IsZero() {
		h.Queue.OldestWait = agent.Duration(max(0, time.Since(status.Oldest)).Round(time.Millisecond))
	}
	if err != nil {
		h.Fail("store", err)
	}
}

func (d *daemon) checkDisk(h *api.Health) {
	free, err := DiskFree(d.opt.State)
	if err == nil {
		err = Room(d.opt.State, d.opt.MinDisk)
	}
	h.Disk = api.DiskHealth{OK: err == nil, Path: d.opt.State, Free: free, Min: uint64(max(0, d.opt.MinDisk))}
	if err != nil {
		h.Fail("disk", err)
	}
}

// Room returns an error when less than least bytes are free where dir is, or when
// that cannot be found out.
func Room(dir string, least int64) error {
	free, err := DiskFree(dir)
	switch {
	case err != nil:
		return agent.Errorf(agent.Internal, "free space of %s: %w", dir, err)
	case free < uint64(max(0, least)):
		return agent.Errorf(agent.Internal, "%d MiB are free where %s is; %d MiB should be", free>>20, dir, least>>20).
			WithHint("agent clean --older-than 7d && agent gc")
	}
	return nil
}

func (d *daemon) checkGit(ctx context.Context, h *api.Health) {
	if d.parts.Git == nil {
		h.Git.OK = true
		return
	}
	version, err := d.git.get(ctx, d.parts.Git)
	h.Git = api.GitHealth{OK: err == nil, Version: version}
	if err != nil {
		h.Fail("git", err)
	}
}

// gitVersion remembers the answer for a while, so that a probe every second does not
// start a process every second. A failure is not remembered.
type gitVersion struct {
	mu      sync.Mutex
	version string
	at      time.Time
}

func (g *gitVersion) get(ctx context.Context, ask func(context.Context) (string, error)) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.version != "" && time.Since(g.at) < gitAge {
		return g.version, nil
	}
	version, err := ask(ctx)
	if err != nil {
		return "", err
	}
	g.version, g.at = version, time.Now()
	return version, nil
}
