package repo

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// idleAfter is how long a git process is kept that nobody asks anything.
const idleAfter = time.Minute

// Set is the repositories one process works with, and the git processes it keeps
// for them. It is safe for concurrent use, also by several processes that share the
// state directory.
type Set struct {
	state string
	idle  time.Duration
	zlibs sync.Pool // of *zlib.Writer: each is more than a MiB, and slow to make

	keepTrees int           // idle work trees of a repository
	keepAge   time.Duration // of an idle work tree

	mu      sync.Mutex
	closed  bool
	repos   map[string]*Repo   // by the directory they were opened with
	mirrors map[string]*mirror // by the person's common git directory
	pools   map[poolKey]*pool
}

// Option is a choice of NewSet.
type Option func(*Set)

// KeepTrees keeps at most idle work trees that nobody uses of each repository, and
// those no longer than age (which GC looks at). The default is 4 and a week.
func KeepTrees(idle int, age time.Duration) Option {
	return func(s *Set) { s.keepTrees, s.keepAge = idle, age }
}

// NewSet returns an empty Set that keeps its mirrors under the directory state.
func NewSet(state string, options ...Option) *Set {
	s := &Set{
		state:   state,
		idle:    idleAfter,
		repos:   map[string]*Repo{},
		mirrors: map[string]*mirror{},
		pools:   map[poolKey]*pool{},

		keepTrees: defaultIdleTrees,
		keepAge:   defaultTreeAge,
	}
	for _, option := range options {
		option(s)
	}
	return s
}

// Open returns the repository whose work tree or git directory dir lies in, and
// makes or refreshes its mirror. Opening a directory again costs a few stats as
// long as nothing changed in the repository's configuration.
//
// NotFound: there is no such directory. Invalid: it is in no repository, or in one
// we cannot work with (bare, SHA-256, owned by somebody git does not trust).
func (s *Set) Open(ctx context.Context, dir string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "repository %q: %w", dir, err)
	}
	s.mu.Lock()
	r, closed := s.repos[dir], s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed()
	}
	if r != nil && allFresh(r.stamps) {
		return r, nil
	}
	r, err = s.open(ctx, dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		delete(s.repos, dir)
		return nil, err
	case s.closed:
		return nil, errClosed()
	}
	s.repos[dir] = r
	return r, nil
}

// open does the work of Open for a directory that is new or has changed.
func (s *Set) open(ctx context.Context, dir string) (*Repo, error) {
	found, err := discover(ctx, dir)
	if err != nil {
		return nil, err
	}
	cfg, err := readSettings(ctx, found)
	if err != nil {
		return nil, err
	}
	m := s.mirror(found)
	stamps := append(found.stamps(dir), cfg.stamps()...)
	stamps = append(stamps, m.sourceStamps(found)...)
	changed, err := m.sync(found, cfg)
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "mirror of %s: %w", found.root, err)
	}
	stamps = append(stamps, stampOf(filepath.Join(m.git, "config"))) // gone when somebody deleted the mirror
	if changed {
		s.restart(m.git, found.gitDir)
	}
	return &Repo{set: s, found: found, mirror: m, settings: cfg, stamps: stamps}, nil
}

// mirror returns the mirror of the repository found, whether it exists on disk yet or not.
func (s *Set) mirror(found location) *mirror {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mirrors[found.commonDir]
	if m == nil {
		m = newMirror(s.state, found)
		m.pool.idle, m.pool.age = s.keepTrees, s.keepAge
		s.mirrors[found.commonDir] = m
	}
	return m
}

// Close ends the git processes, and waits until the work trees given up are deleted.
// A call that is using a process fails.
func (s *Set) Close() error {
	s.mu.Lock()
	s.closed = true
	pools := s.pools
	s.pools = map[poolKey]*pool{}
	mirrors := slices.Collect(maps.Values(s.mirrors))
	s.mu.Unlock()
	for _, p := range pools {
		p.close()
	}
	for _, m := range mirrors {
		m.pool.close()
	}
	return nil
}

// restart ends the git processes on those git directories, because they read
// settings that have changed. New ones start when they are needed.
func (s *Set) restart(gitDirs ...string) {
	s.mu.Lock()
	var old []*pool
	for key, p := range s.pools {
		for _, dir := range gitDirs {
			if key.gitDir == dir {
				old = append(old, p)
				delete(s.pools, key)
			}
		}
	}
	s.mu.Unlock()
	for _, p := range old {
		p.retire()
	}
}

func errClosed() error {
	return agent.Errorf(agent.Stopped, "the repositories are closed")
}
