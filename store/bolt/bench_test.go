package bolt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// The benchmarks compare two or more sides in one run, in turn, a short while each,
// several times over; what they report is the median of the ratios of the rounds. So
// neither a busy machine nor a slow disk decides. To repeat:
//
//	go test -run '^$' -bench . ./store/bolt

const (
	clients = 64
	rounds  = 7
	turn    = 300 * time.Millisecond
)

// side is one contender: do is one acknowledged job.
type side struct {
	name string
	do   func(ctx context.Context) error
}

// rate runs do by many clients for one turn and returns how many a second it did.
func (c side) rate(b *testing.B, clients int) float64 {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(start) < turn {
				if err := c.do(b.Context()); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}

// compare lets all sides take turns and reports the first one's rate over each
// other's. The rate itself is for scale.
func compare(b *testing.B, clients int, sides ...side) {
	rates := make([][]float64, len(sides))
	for b.Loop() {
		for r := range rounds {
			for i := range sides {
				at := (i + r) % len(sides)
				rates[at] = append(rates[at], sides[at].rate(b, clients))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, c := range sides {
		b.ReportMetric(median(rates[i]), c.name+"/s")
		if i == 0 {
			continue
		}
		var ratios []float64
		for r := range rates[i] {
			ratios = append(ratios, rates[0][r]/rates[i][r])
		}
		b.ReportMetric(median(ratios), "x-"+c.name)
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

var benchText = strings.Repeat("0123456789abcde\n", 64) // 1 KiB

func benchSpec() agent.Spec {
	return agent.Spec{
		Kind: agent.Diff, Title: "a patch", Text: benchText, Repo: "/home/ada/src/project",
		Base: "0123456789abcdef0123456789abcdef01234567", Origin: agent.Origin{Via: "cli", User: "ada"},
	}
}

func benchStore(b *testing.B, name string) *Store {
	b.Helper()
	s, err := Open(Options{Path: filepath.Join(b.TempDir(), name)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func submits(s *Store, name string) side {
	return side{name, func(ctx context.Context) error {
		_, err := s.Submit(ctx, benchSpec())
		return err
	}}
}

// rawLog is as little as a durable queue can do: append, sync, acknowledge.
type rawLog struct {
	file  *os.File
	mu    sync.Mutex
	next  *rawGroup
	work  chan struct{}
	ended chan struct{}
}

type rawGroup struct {
	data []byte
	done chan struct{}
	err  error
}

func newRawLog(b *testing.B) *rawLog {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "raw.log"))
	if err != nil {
		b.Fatal(err)
	}
	l := &rawLog{file: f, work: make(chan struct{}, 1), ended: make(chan struct{})}
	go l.run()
	b.Cleanup(func() {
		close(l.work)
		<-l.ended
		_ = f.Close()
	})
	return l
}

// run is the group commit of the store's committer, without a store.
func (l *rawLog) run() {
	defer close(l.ended)
	for range l.work {
		l.mu.Lock()
		g := l.next
		l.next = nil
		l.mu.Unlock()
		if g == nil {
			continue
		}
		if _, g.err = l.file.Write(g.data); g.err == nil {
			g.err = datasync(l.file)
		}
		close(g.done)
	}
}

func (l *rawLog) grouped(context.Context) error {
	l.mu.Lock()
	if l.next == nil {
		l.next = &rawGroup{done: make(chan struct{})}
	}
	g := l.next
	g.data = append(g.data, benchText...)
	l.mu.Unlock()
	select {
	case l.work <- struct{}{}:
	default:
	}
	<-g.done
	return g.err
}

// single syncs for every job.
func (l *rawLog) single(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.file.WriteString(benchText); err != nil {
		return err
	}
	return datasync(l.file)
}

// updates is a store without a committer: a transaction of bbolt for every job, with
// the rows that a job has here.
func updates(b *testing.B) side {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "each.db"), 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	var last atomic.Int64
	return side{"update-each", func(context.Context) error {
		spec := benchSpec()
		if err := spec.Validate(); err != nil {
			return err
		}
		_, a, err := newRecord(agent.NewEntry(agent.ID(last.Add(1)), spec, time.Now()))
		if err != nil {
			return err
		}
		return db.Update(func(tx *bolt.Tx) error {
			for _, p := range a.puts {
				rows, err := tx.CreateBucketIfNotExists([]byte(p.bucket))
				if err != nil {
					return err
				}
				if err := rows.Put(p.key, p.value); err != nil {
					return err
				}
			}
			return nil
		})
	}}
}

// BenchmarkSubmit: durable submissions by 64 clients. One sync a job is either an
// append to a file, or what a database without a committer does.
func BenchmarkSubmit(b *testing.B) {
	raw, single := newRawLog(b), newRawLog(b)
	sides := []side{
		submits(benchStore(b, "agent.db"), "store"),
		{"raw", raw.grouped},
		{"sync-each", single.single},
		updates(b),
	}
	if c := startRedis(b); c != nil {
		sides = append(sides, side{"redis", c.submit})
	}
	compare(b, clients, sides...)
}

// BenchmarkSubmitStored: the same with very many jobs stored, against few.
func BenchmarkSubmitStored(b *testing.B) {
	stored := 1_000_000
	if testing.Short() {
		stored = 100_000
	}
	many, few := benchStore(b, "many.db"), benchStore(b, "few.db")
	start := time.Now()
	prefill(b, many, stored)
	prefill(b, few, 10)
	b.Logf("%d jobs stored in %v", stored, time.Since(start).Round(time.Second))
	compare(b, clients, submits(many, "many"), submits(few, "few"))
}

// prefill stores finished jobs without waiting for the disk.
func prefill(b *testing.B, s *Store, n int) {
	b.Helper()
	s.db.NoSync = true
	spec := benchSpec()
	if err := spec.Validate(); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	for n > 0 {
		group := &batch{done: make(chan struct{})}
		for range min(n, 10*batchActs) {
			s.lastID++
			e := agent.NewEntry(s.lastID, spec, now)
			e.Claim(1, "w", 1, now)
			l := agent.Lease{Job: agent.Job{ID: s.lastID}, Variant: 1, Token: 1}
			if err := e.Finish(l, agent.Outcome{Verdict: agent.Verified, Commit: spec.Base}, now); err != nil {
				b.Fatal(err)
			}
			a, err := created(e)
			if err != nil {
				b.Fatal(err)
			}
			group.acts = append(group.acts, a)
			n--
		}
		s.journal.seq++
		group.number(s.journal.seq, s.totals)
		if err := s.db.Update(func(tx *bolt.Tx) error { return merge(tx, []*batch{group}) }); err != nil {
			b.Fatal(err)
		}
		for _, a := range group.acts {
			s.totals = s.totals.plus(a.delta)
		}
	}
	s.db.NoSync = false
	if err := s.db.Sync(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCycle: 64 clients submit while 64 workers claim, record and finish.
func BenchmarkCycle(b *testing.B) {
	s := benchStore(b, "agent.db")
	ctx, stop := context.WithCancel(b.Context())
	var ended atomic.Int64
	var workers sync.WaitGroup
	for range clients {
		workers.Go(func() {
			for {
				l, err := s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour})
				if err != nil {
					return
				}
				if err := s.Finish(b.Context(), l, agent.Outcome{Verdict: agent.Verified, Commit: l.Job.Spec.Base}); err != nil {
					b.Error(err)
				}
				ended.Add(1)
			}
		})
	}
	cycles := side{"submit", func(ctx context.Context) error {
		_, err := s.Submit(ctx, benchSpec())
		return err
	}}
	var rates []float64
	for b.Loop() {
		for range rounds {
			before, start := ended.Load(), time.Now()
			cycles.rate(b, clients)
			for {
				st, err := s.Status(b.Context())
				if err != nil || st.Waiting+st.Held == 0 {
					break
				}
			}
			rates = append(rates, float64(ended.Load()-before)/time.Since(start).Seconds())
		}
	}
	stop()
	workers.Wait()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(rates), "jobs/s")
}

// BenchmarkLone: what one client waits for, against one fdatasync; and with a list of
// what it submitted, for which the database is brought up to date.
func BenchmarkLone(b *testing.B) {
	s, raw := benchStore(b, "agent.db"), newRawLog(b)
	var stored, listed, synced []float64
	clock := func(do func() error) float64 {
		start := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		return float64(time.Since(start).Microseconds())
	}
	for b.Loop() {
		for range 300 {
			stored = append(stored, clock(func() error { _, err := s.Submit(b.Context(), benchSpec()); return err }))
			listed = append(listed, stored[len(stored)-1]+clock(func() error { _, err := s.List(b.Context(), agent.Filter{Limit: 1}); return err }))
			synced = append(synced, clock(func() error { return raw.single(b.Context()) }))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(stored), "store-p50-µs")
	b.ReportMetric(median(listed), "and-listed-p50-µs")
	b.ReportMetric(median(synced), "fdatasync-p50-µs")
	b.ReportMetric(median(stored)/median(synced), "x-fdatasync")
}

// BenchmarkList: a page of a rare verdict among very many finished jobs.
func BenchmarkList(b *testing.B) {
	s := benchStore(b, "agent.db")
	prefill(b, s, 100_000)
	for _, f := range []agent.Filter{
		{},
		{States: []agent.State{agent.Queued, agent.Running}},
		{Verdicts: []agent.Verdict{agent.Failed}, Repo: benchSpec().Repo},
		{EndedBefore: time.Now().Add(-time.Hour), Oldest: true},
		{After: 50_000, Limit: 20},
	} {
		b.Run(strings.ReplaceAll(fmt.Sprintf("%v/%v/%v/%d", f.States, f.Verdicts, !f.EndedBefore.IsZero(), f.After), " ", "+"), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
