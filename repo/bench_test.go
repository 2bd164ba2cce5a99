package repo

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/patch"
)

// benchFiles is the size of the large synthetic repository; the small one has a
// thousandth of it.
const benchFiles = 80_000

// synthetic makes a repository of n files of about 2 KiB in directories of forty,
// forty to a directory above, packed, without a work tree. It returns the directory,
// the head and three files to be patched.
func (w *world) synthetic(name string, n int) (dir, head string, files []string) {
	w.t.Helper()
	dir = w.repo(name)
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	out := bufio.NewWriterSize(in, 1<<20)
	fmt.Fprint(out, "commit refs/heads/main\ncommitter Ada <ada@example.com> 1700000000 +0000\ndata 5\nstart\n")
	for i := range n {
		path := fmt.Sprintf("part%02d/package%02d/file%02d.txt", i/1600, i/40%40, i%40)
		if i%(n/3) == n/7 {
			files = append(files, path)
		}
		var text strings.Builder
		for line := range 40 {
			fmt.Fprintf(&text, "file %d, line %d: what is written here is told apart %x\n", i, line, i*2654435761+line*40503)
		}
		fmt.Fprintf(out, "M 100644 inline %s\ndata %d\n%s\n", path, text.Len(), text.String())
	}
	if err := out.Flush(); err != nil {
		w.t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		w.t.Fatal(err)
	}
	return dir, w.git(dir, "rev-parse", "main"), files
}

// subject is a repository and patches to three files of it, each different from all
// others.
type subject struct {
	w     *world
	dir   string
	head  string
	repo  *Repo
	files []string
	n     int
}

func (w *world) subject(name string, files int) *subject {
	s := &subject{w: w}
	s.dir, s.head, s.files = w.synthetic(name, files)
	s.repo = w.open(s.dir)
	return s
}

// patch returns the next patch: a line changed and one inserted in each file.
func (s *subject) patch() []byte {
	s.n++
	var b bytes.Buffer
	for _, f := range s.files {
		old := strings.SplitAfter(s.w.git(s.dir, "cat-file", "blob", s.head+":"+f), "\n")
		fmt.Fprintf(&b, "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -10,4 +10,5 @@\n %s-%s+changed %d\n+inserted %d\n %s %s", f, f, f, f, old[9], old[10], s.n, s.n, old[11], old[12])
	}
	return b.Bytes()
}

// ours is what the daemon does with a patch.
func (s *subject) ours(text []byte) time.Duration {
	start := time.Now()
	ctx := context.Background()
	head, err := s.repo.Resolve(ctx, "main")
	if err != nil {
		s.w.t.Fatal(err)
	}
	snapshot, err := s.repo.Snapshot(ctx, head)
	if err != nil {
		s.w.t.Fatal(err)
	}
	applied, err := patch.Apply(text, snapshot, patch.Options{})
	if err != nil {
		s.w.t.Fatal(err)
	}
	_, err = s.repo.Commit(ctx, Change{Base: head, Writes: applied.Writes, Message: "patch\n", Ref: fmt.Sprintf("refs/agent/%d/1", s.n)})
	if err != nil {
		s.w.t.Fatal(err)
	}
	return time.Since(start)
}

// workTree is the usual way: a work tree of the base, the patch, a commit.
func (s *subject) workTree(text []byte) time.Duration {
	start := time.Now()
	tree := filepath.Join(s.w.dir, "bench-tree")
	s.w.git(s.dir, "worktree", "add", "-q", "-b", fmt.Sprintf("tree/%d", s.n), tree, s.head)
	s.w.gitIn(tree, string(text), "apply", "--index")
	s.w.git(tree, "commit", "-q", "-m", "patch")
	took := time.Since(start)
	s.w.git(s.dir, "worktree", "remove", "--force", tree)
	return took
}

// index is the best plain git can do without a work tree: an index for the purpose.
// fsync is git's core.fsync: by default git leaves new objects to the kernel, which
// "committed" does not, and neither do we.
func (s *subject) index(text []byte, fsync string) time.Duration {
	s.w.git(s.dir, "config", "core.fsync", fsync)
	start := time.Now()
	name := filepath.Join(s.w.dir, "bench-index")
	os.Setenv("GIT_INDEX_FILE", name)
	defer os.Unsetenv("GIT_INDEX_FILE")
	s.w.git(s.dir, "read-tree", s.head)
	s.w.gitIn(s.dir, string(text), "apply", "--cached")
	commit := s.w.git(s.dir, "commit-tree", "-p", s.head, "-m", "patch", s.w.git(s.dir, "write-tree"))
	s.w.git(s.dir, "update-ref", fmt.Sprintf("refs/index/%d", s.n), commit)
	took := time.Since(start)
	os.Remove(name)
	s.w.git(s.dir, "config", "--unset", "core.fsync")
	return took
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkPatchToCommit compares the way from a patch to a commit with git's own
// ways, side by side in one run, on a large and a small repository. Every patch is
// new, so that every object is really written.
func BenchmarkPatchToCommit(b *testing.B) {
	w := newWorld(b)
	large, small := w.subject("large", benchFiles), w.subject("small", benchFiles/1000)
	small.ours(small.patch())
	first := large.ours(large.patch())
	resetPeak()
	var ours, oursSmall, tree, index, durable []time.Duration
	for round := range 5 {
		for range 8 {
			ours = append(ours, large.ours(large.patch()))
			oursSmall = append(oursSmall, small.ours(small.patch()))
		}
		index = append(index, large.index(large.patch(), "default"))
		durable = append(durable, large.index(large.patch(), "committed"))
		if round < 3 {
			tree = append(tree, large.workTree(large.patch()))
		}
	}
	peak, children := peakMiB(w.set)
	for b.Loop() {
		large.ours(large.patch())
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(first), "first-ms")
	b.ReportMetric(ms(median(ours)), "ours-ms")
	b.ReportMetric(ms(median(tree)), "worktree-ms")
	b.ReportMetric(ms(median(index)), "index-ms")
	b.ReportMetric(float64(median(tree))/float64(median(ours)), "x-worktree")
	b.ReportMetric(float64(median(index))/float64(median(ours)), "x-index")
	b.ReportMetric(float64(median(durable))/float64(median(ours)), "x-durable-index")
	b.ReportMetric(float64(median(ours))/float64(median(oursSmall)), "x-growth")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(children, "git-peak-MiB")
}

// resetPeak makes the kernel forget this process's highest memory use so far.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMiB returns the highest resident memory of this process, and of the git
// processes that are alive together; 0 where the kernel does not say.
func peakMiB(set *Set) (self, children float64) {
	set.mu.Lock()
	defer set.mu.Unlock()
	for _, p := range set.pools {
		for _, s := range p.free {
			children += highWater(strconv.Itoa(s.cmd.Process.Pid))
		}
	}
	return highWater("self"), children
}

func highWater(pid string) float64 {
	data, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kib, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return kib / 1024
}

// BenchmarkOpen is what a daemon pays for each submission to know its repository.
func BenchmarkOpen(b *testing.B) {
	w := newWorld(b)
	dir := filepath.Join(w.repo("r", "a/b/c", "1\n"), "a", "b")
	w.open(dir)
	for b.Loop() {
		w.open(dir)
	}
}

// BenchmarkResolve is what it pays to pin the base.
func BenchmarkResolve(b *testing.B) {
	w := newWorld(b)
	r := w.open(w.repo("r", "a", "1\n"))
	for b.Loop() {
		if _, err := r.Resolve(context.Background(), "HEAD"); err != nil {
			b.Fatal(err)
		}
	}
}
