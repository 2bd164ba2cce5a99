package monitor

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

const (
	pageSize   = 1000                   // jobs of one page of the first reading
	breath     = 40 * time.Millisecond  // between two readings of jobs that changed
	headBreath = time.Second            // between two readings of what the head shows
	retryFirst = 250 * time.Millisecond // after the daemon was lost, doubled up to retryLast
	retryLast  = 5 * time.Second
	scanFrom   = 8 // changed jobs that are read with List where they stand close together
	scanSpread = 4 // rows that such a List may read for one that is wanted
)

type (
	pageMsg struct {
		rows        []*row
		first, last bool
	}
	rowsMsg struct {
		rows []*row
		gone []agent.ID
	}
	headMsg struct {
		status agent.Status
		rules  agent.Rules
		health Health
	}
	lostMsg  struct{ err error }
	panicMsg struct {
		value any
		stack []byte
	}
)

// err is what Run returns of a panic.
func (p *panicMsg) err() error {
	return agent.Errorf(agent.Internal, "the monitor broke: %v\n\n%s", p.value, p.stack)
}

// feed brings the jobs to the screen: all of them once, and then those that Watch names.
// When the daemon is lost it says so, tries again, and then brings all anew.
type feed struct {
	cfg  Config
	send func(tea.Msg)

	mu    sync.Mutex
	dirty map[agent.ID]bool // true: it changed; false: only why it waits is asked
	waits []waitingRow      // on the screen
	wake  chan struct{}     // holds one when dirty is not empty
	poke  chan struct{}     // holds one when the head should be read
}

func newFeed(cfg Config, send func(tea.Msg)) *feed {
	return &feed{cfg: cfg, send: send, dirty: map[agent.ID]bool{}, wake: make(chan struct{}, 1), poke: make(chan struct{}, 1)}
}

// guard hands a panic over to the screen. It is deferred by whatever runs beside it.
func guard(send func(tea.Msg)) {
	if r := recover(); r != nil {
		send(panicMsg{r, debug.Stack()})
	}
}

// run ends with ctx.
func (f *feed) run(ctx context.Context) {
	defer guard(f.send)
	for wait := retryFirst; ctx.Err() == nil; wait = min(2*wait, retryLast) {
		begun := f.cfg.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.send(lostMsg{err})
		if f.cfg.Now().Sub(begun) > retryLast {
			wait = retryFirst
		}
		rest(ctx, wait)
	}
}

// follow reads all jobs, and those that change, until something fails.
func (f *feed) follow(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	changes := f.cfg.Jobs.Watch(ctx) // before the first page is read, so that nothing falls between
	var work sync.WaitGroup
	defer work.Wait()
	defer fail(nil)
	for _, part := range []func(context.Context) error{f.fill, f.reread, f.heads} {
		work.Go(func() {
			defer guard(f.send)
			if err := part(ctx); err != nil {
				fail(err)
			}
		})
	}
	for id, err := range changes {
		if err != nil {
			fail(err)
			break
		}
		f.mark(id)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return agent.Errorf(agent.Unavailable, "the stream of changes ended")
}

// waitingRow is a job on the screen that waits, and when its reason ends by itself. Why a
// job waits changes with other jobs and with the rules, which no change of its own tells.
type waitingRow struct {
	id    agent.ID
	until time.Time
}

// show says which jobs wait on the screen. Those that were not there before are read.
func (f *feed) show(rows []waitingRow) {
	f.mu.Lock()
	old := f.waits
	f.waits = rows
	for _, r := range rows {
		if !slices.ContainsFunc(old, func(o waitingRow) bool { return o.id == r.id }) {
			f.dirty[r.id] = f.dirty[r.id]
		}
	}
	some := len(f.dirty) > 0
	f.mu.Unlock()
	if some {
		signal(f.wake)
	}
}

// reasons has the jobs read that wait on the screen.
func (f *feed) reasons() {
	f.mu.Lock()
	for _, r := range f.waits {
		f.dirty[r.id] = f.dirty[r.id]
	}
	some := len(f.waits) > 0
	f.mu.Unlock()
	if some {
		signal(f.wake)
	}
}

// mark has a job read again, or with 0 the rules.
func (f *feed) mark(id agent.ID) {
	if id == 0 {
		signal(f.poke)
		return
	}
	f.mu.Lock()
	f.dirty[id] = true
	f.mu.Unlock()
	signal(f.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fill reads all jobs, newest first.
func (f *feed) fill(ctx context.Context) error {
	var after agent.ID
	for first := true; ; first = false {
		jobs, err := f.cfg.Jobs.List(ctx, agent.Filter{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		page := pageMsg{first: first, last: len(jobs) < pageSize}
		for i := range jobs {
			page.rows = append(page.rows, newRow(&jobs[i], f.cfg.Now()))
			after = jobs[i].ID
		}
		f.send(page)
		if page.last || ctx.Err() != nil {
			return nil
		}
	}
}

// reread reads jobs that changed, at once and then at most every breath; when reading
// takes long, a third of the time at most.
func (f *feed) reread(ctx context.Context) error {
	for {
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil
		}
		f.mu.Lock()
		ids := make([]agent.ID, 0, len(f.dirty))
		asked := map[agent.ID]bool{}
		for id, changed := range f.dirty {
			ids = append(ids, id)
			asked[id] = !changed
		}
		clear(f.dirty)
		f.mu.Unlock()
		begun := time.Now()
		slices.Sort(ids)
		msg, err := f.read(ctx, ids)
		if err != nil {
			return err
		}
		f.send(msg)
		if slices.ContainsFunc(ids, func(id agent.ID) bool { return !asked[id] }) {
			signal(f.poke) // something happened, and not only a look at reasons
		}
		rest(ctx, max(breath, 2*time.Since(begun)))
	}
}

// read reads jobs by their sorted ids.
func (f *feed) read(ctx context.Context, ids []agent.ID) (msg rowsMsg, err error) {
	if n := len(ids); n >= scanFrom {
		if spread := int(ids[n-1]-ids[0]) + 1; spread <= scanSpread*n && spread <= agent.MaxLimit {
			return f.scan(ctx, ids, spread)
		}
	}
	for _, id := range ids {
		job, err := f.cfg.Jobs.Job(ctx, id)
		switch {
		case agent.CodeOf(err) == agent.NotFound:
			msg.gone = append(msg.gone, id)
		case err != nil:
			return msg, err
		default:
			msg.rows = append(msg.rows, newRow(&job, f.cfg.Now()))
		}
	}
	return msg, nil
}

// scan reads the jobs from the first id to the last with one List.
func (f *feed) scan(ctx context.Context, ids []agent.ID, spread int) (msg rowsMsg, err error) {
	jobs, err := f.cfg.Jobs.List(ctx, agent.Filter{After: ids[len(ids)-1] + 1, Limit: spread})
	if err != nil {
		return msg, err
	}
	found := map[agent.ID]bool{}
	for i := range jobs {
		if _, wanted := slices.BinarySearch(ids, jobs[i].ID); wanted {
			found[jobs[i].ID] = true
			msg.rows = append(msg.rows, newRow(&jobs[i], f.cfg.Now()))
		}
	}
	for _, id := range ids {
		if !found[id] {
			msg.gone = append(msg.gone, id)
		}
	}
	return msg, nil
}

// heads reads what the head of the screen shows, and why jobs on the screen wait,
// whenever jobs or rules changed or a wait ends, at most once a headBreath.
func (f *feed) heads(ctx context.Context) error {
	for {
		var msg headMsg
		var err error
		if msg.status, err = f.cfg.Jobs.Status(ctx); err != nil {
			return err
		}
		if msg.rules, err = f.cfg.Jobs.Rules(ctx); err != nil {
			return err
		}
		if f.cfg.Health != nil {
			if msg.health, err = f.cfg.Health(ctx); err != nil {
				msg.health = Health{} // nothing is said of it; whether the daemon is there, the jobs say
			}
		}
		f.send(msg)
		f.reasons()
		rest(ctx, headBreath)
		until := f.untilNext(msg.health)
		if err != nil {
			until = min(until, retryLast)
		}
		next := time.NewTimer(until)
		select {
		case <-f.poke:
		case <-next.C:
		case <-ctx.Done():
		}
		next.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// untilNext is the time until a cooldown ends, or a job on the screen no longer waits for
// a time; very long if there is none.
func (f *feed) untilNext(h Health) time.Duration {
	least := 365 * 24 * time.Hour
	now := f.cfg.Now()
	until := func(t time.Time) {
		if d := t.Sub(now); d > 0 {
			least = min(least, d)
		}
	}
	for _, c := range h.Cooldowns {
		until(c.Until)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.waits {
		until(r.until)
	}
	return least
}

// rest waits for d or for the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
