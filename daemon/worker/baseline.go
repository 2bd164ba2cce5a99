package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// baseline keeps what checks said of base trees: a file for each tree, list of checks
// and environment, so that a base is checked once however many jobs and variants
// start from it. The list is kept whole, because a check may build on what an earlier
// one left in the tree.
type baseline struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex
	under map[string]chan struct{} // keys being worked out; closed when done
}

func newBaseline(dir string, log *slog.Logger) *baseline {
	return &baseline{dir: dir, log: log, under: map[string]chan struct{}{}}
}

// baseline returns the base's own run of each of the Spec's checks, from the cache
// where it is known.
func (v *variant) baseline(ctx context.Context) ([]checkRun, error) {
	snap, err := v.repo.Snapshot(ctx, v.spec.Base)
	if err != nil {
		return nil, err
	}
	return v.base.get(ctx, baselineKey(snap.Tree(), v.spec.Checks, v.spec.Env), func() ([]checkRun, error) {
		return v.runChecks(ctx, v.spec.Base, v.spec.Checks)
	})
}

// baselineForm is that of the files; another one is not looked for.
const baselineForm = 2

// baselineKey covers everything the checks' runs depend on that we know of.
func baselineKey(tree string, checks []agent.Check, env map[string]string) string {
	text, err := json.Marshal([]any{baselineForm, tree, checks, env})
	if err != nil {
		panic(err) // structs of strings and maps of strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// get returns the runs kept under key, or works them out, once however many ask.
func (b *baseline) get(ctx context.Context, key string, work func() ([]checkRun, error)) ([]checkRun, error) {
	for {
		b.mu.Lock()
		running, busy := b.under[key]
		if !busy {
			running = make(chan struct{})
			b.under[key] = running
		}
		b.mu.Unlock()
		if !busy {
			break
		}
		select { // somebody else is at it: look again when they are done
		case <-running:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() {
		b.mu.Lock()
		close(b.under[key])
		delete(b.under, key)
		b.mu.Unlock()
	}()
	if runs, err := b.read(key); err == nil {
		return runs, nil
	}
	runs, err := work()
	if err != nil || slices.ContainsFunc(runs, func(r checkRun) bool { return !r.ended }) {
		return runs, err
	}
	return runs, b.write(key, runs)
}

// read returns kept runs. A file that cannot be read as such keeps none.
func (b *baseline) read(key string) (runs []checkRun, err error) {
	text, err := os.ReadFile(filepath.Join(b.dir, key))
	if err != nil {
		return nil, err
	}
	return runs, json.Unmarshal(text, &runs)
}

func (b *baseline) write(key string, runs []checkRun) error {
	text, err := json.Marshal(runs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(b.dir, "new-")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), filepath.Join(b.dir, key))
	}
	if err != nil {
		os.Remove(temp.Name())
		return fmt.Errorf("keeping what the checks said of the base: %w", err)
	}
	return nil
}

// baselineAge is how long a base's runs are kept: jobs seldom start from a commit that
// was current longer ago, and then it is only checked once more.
const baselineAge = 30 * 24 * time.Hour

// tidy forgets old runs now and every day until ctx ends. What cannot be removed
// stays: it costs space only.
func (b *baseline) tidy(ctx context.Context) {
	for ctx.Err() == nil {
		entries, err := os.ReadDir(b.dir)
		for _, e := range entries {
			if info, statErr := e.Info(); statErr == nil && time.Since(info.ModTime()) > baselineAge {
				err = errors.Join(err, os.Remove(filepath.Join(b.dir, e.Name())))
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.log.Warn("old results of base checks stay", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(24 * time.Hour):
		}
	}
}
