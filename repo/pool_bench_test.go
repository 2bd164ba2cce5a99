package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"codeagent.dev/agent/patch"
)

// BenchmarkCheckout compares a work tree for a result from the warm pool with a new
// one by `git worktree add`, side by side in one run, on a large repository. Every
// result is new. What giving back costs, which nobody waits for, is told apart.
func BenchmarkCheckout(b *testing.B) {
	w := newWorld(b)
	s := w.subject("large", benchFiles)
	ctx := b.Context()
	result := func() string {
		text := s.patch()
		snapshot, err := s.repo.Snapshot(ctx, s.head)
		if err != nil {
			b.Fatal(err)
		}
		applied, err := patch.Apply(text, snapshot, patch.Options{})
		if err != nil {
			b.Fatal(err)
		}
		made, err := s.repo.Commit(ctx, Change{Base: s.head, Writes: applied.Writes, Message: "patch\n", Ref: fmt.Sprintf("refs/agent/%d/1", s.n)})
		if err != nil {
			b.Fatal(err)
		}
		return made.Commit
	}
	pooled := func(commit string) (take, give time.Duration) {
		start := time.Now()
		c, err := s.repo.Checkout(ctx, commit)
		if err != nil {
			b.Fatal(err)
		}
		take = time.Since(start)
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
		return take, time.Since(start) - take
	}
	cold, _ := pooled(result()) // makes the tree
	var takes, gives, adds []time.Duration
	for b.Loop() {
		take, give := pooled(result())
		takes, gives = append(takes, take), append(gives, give)
		commit := result()
		tree := filepath.Join(w.dir, "new-tree")
		start := time.Now()
		w.git(s.repo.Mirror(), "worktree", "add", "-q", "--detach", tree, commit)
		adds = append(adds, time.Since(start))
		if err := os.RemoveAll(tree); err != nil {
			b.Fatal(err)
		}
		w.git(s.repo.Mirror(), "worktree", "prune")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(cold.Milliseconds()), "first-ms")
	b.ReportMetric(float64(median(takes).Microseconds())/1000, "pool-ms")
	b.ReportMetric(float64(median(gives).Microseconds())/1000, "give-back-ms")
	b.ReportMetric(float64(median(adds).Microseconds())/1000, "worktree-add-ms")
	b.ReportMetric(float64(median(adds))/float64(median(takes)), "times-faster")
}
