package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"codeagent.dev/agent"
)

const (
	rescanAfter = 30 * time.Second // a net under events that a file system or a full queue lost
	pollAfter   = 2 * time.Second  // in place of events, where the system has none left to give
)

// Dir signals that something may have changed directly in the directory path: an
// entry was made, written, renamed or removed. The signal has no content and is
// coalesced: the channel holds one at most, so that whoever reads it looks at the
// whole directory and misses nothing. The first signal comes at once; one comes every
// 30 seconds without an event, too, because network file systems have none.
//
// The directory need not exist: it is waited for, also after it was removed or
// replaced. Where the system has no watches left it is looked at every 2 seconds
// instead. The channel is closed when ctx ends. Invalid: path is something else than
// a directory.
func Dir(ctx context.Context, path string) (<-chan struct{}, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "cannot watch %s: %w", path, err)
	}
	if info, err := os.Stat(abs); err == nil && !info.IsDir() {
		return nil, agent.Errorf(agent.Invalid, "cannot watch %s: it is not a directory", abs)
	}
	d := newDir(abs)
	if d.watcher, err = fsnotify.NewWatcher(); err != nil {
		d.watcher = nil // no inotify instance left, or none at all: polled
	}
	d.follow()
	go d.run(ctx, rescanAfter, pollAfter)
	return d.out, nil
}

// dir is one directory that is watched.
type dir struct {
	path    string
	watcher *fsnotify.Watcher // nil: polled
	on      string            // what has the watch: path, the nearest directory above it that exists, or "" when none can be had
	out     chan struct{}
}

func newDir(path string) *dir {
	d := &dir{path: path, out: make(chan struct{}, 1)}
	d.signal()
	return d
}

func (d *dir) signal() {
	select {
	case d.out <- struct{}{}:
	default: // one is waiting to be read
	}
}

// run signals until ctx ends.
func (d *dir) run(ctx context.Context, rescan, poll time.Duration) {
	defer close(d.out)
	var events chan fsnotify.Event
	var failures chan error
	if d.watcher != nil {
		defer d.watcher.Close()
		events, failures = d.watcher.Events, d.watcher.Errors
	}
	timer := time.NewTimer(d.wait(rescan, poll))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-events:
			d.event(ev)
		case <-failures: // an overflow: events were lost, the directory tells
			d.follow()
			d.signal()
		case <-timer.C:
			d.follow()
			d.signal()
			timer.Reset(d.wait(rescan, poll))
		}
	}
}

func (d *dir) wait(rescan, poll time.Duration) time.Duration {
	if d.watcher == nil || d.on == "" {
		return poll
	}
	return rescan
}

func (d *dir) event(ev fsnotify.Event) {
	if ev.Op == fsnotify.Chmod || ev.Op == 0 {
		return // indexers and backup programs touch attributes all the time
	}
	if d.on == d.path && ev.Name != d.path {
		d.signal()
		return
	}
	was := d.on
	if ev.Name == was { // removed or renamed, and the watch with it
		_ = d.watcher.Remove(was)
		d.on = ""
	}
	d.follow()
	if was == d.path || d.on == d.path {
		d.signal()
	}
}

// follow puts the watch on the directory, or on the nearest one above that exists,
// where its return will be seen.
func (d *dir) follow() {
	if d.watcher == nil {
		return
	}
	for {
		at, err := d.nearest()
		if err != nil {
			d.on = ""
			return
		}
		if at == d.path || at == d.on {
			if at != d.on {
				d.leave(at)
			}
			return
		}
		// What lies below may have come into being before this watch: look again.
		d.leave(at)
	}
}

// nearest adds a watch to the directory, or to the first one above it that takes one.
func (d *dir) nearest() (string, error) {
	for at := d.path; ; at = filepath.Dir(at) {
		err := d.watcher.Add(at)
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			return "", err
		}
	}
}

// leave moves on to the directory at, which has a watch already.
func (d *dir) leave(at string) {
	if d.on != "" && d.on != at {
		_ = d.watcher.Remove(d.on) // gone with its directory, if not there
	}
	d.on = at
}
