// Retrieval replays real history on brief: the words are a commit's message, the tree
// and the history are its parent's, and what should be found are the files it changed.
// It prints how many of them are among the first 5, 10 and 20, beside plain BM25 and
// paths that match words.
//
//	go run ./scripts/retrieval [-n commits] [-budget tokens] REPO...
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/repo"
)

func main() {
	n := flag.Int("n", 100, "commits of each repository")
	budget := flag.Int("budget", 24_000, "tokens of a brief")
	flag.Parse()
	if err := run(context.Background(), flag.Args(), *n, *budget); err != nil {
		fmt.Fprintln(os.Stderr, "retrieval:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, repos []string, n, budget int) error {
	dir, err := os.MkdirTemp("", "retrieval-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	set := repo.NewSet(filepath.Join(dir, "state"))
	defer set.Close()
	fmt.Printf("%-22s %-7s %5s  %5s %5s %5s %5s  %9s %6s\n", "repository", "method", "n", "R@5", "R@10", "R@20", "MRR", "in budget", "tokens")
	for i, name := range repos {
		// A clone that shares objects: repositories without a work tree are read as well.
		clone := filepath.Join(dir, fmt.Sprint(i))
		if out, err := exec.Command("git", "clone", "-q", "--shared", "--no-checkout", name, clone).CombinedOutput(); err != nil {
			return fmt.Errorf("clone %s: %w\n%s", name, err, out)
		}
		r, err := set.Open(ctx, clone)
		if err != nil {
			return err
		}
		table, err := replay(ctx, r, clone, n, budget)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		title := filepath.Base(strings.TrimSuffix(strings.TrimSuffix(filepath.Clean(name), "/repo"), "/.git"))
		for _, m := range table {
			c := float64(max(m.n, 1))
			fmt.Printf("%-22.22s %-7s %5d  %5.3f %5.3f %5.3f %5.3f  %9.3f %5.1f%%\n", title, m.name, m.n,
				m.at[0]/c, m.at[1]/c, m.at[2]/c, m.mrr/c, m.inBudget/c, 100*m.share/c)
		}
	}
	return nil
}

// method is one way to rank, and what it reached so far: sums over commits.
type method struct {
	name                 string
	n                    int
	at                   [3]float64 // recall at 5, 10, 20
	mrr, inBudget, share float64
}

// add takes in a ranking and what a budget held of it.
func (m *method) add(ranking []string, shown []string, share float64, want map[string]bool) {
	m.n++
	first := 0
	for i, p := range ranking {
		if !want[p] {
			continue
		}
		if first == 0 {
			first = i + 1
			m.mrr += 1 / float64(first)
		}
		for k, cut := range [...]int{5, 10, 20} {
			if i < cut {
				m.at[k] += 1 / float64(len(want))
			}
		}
	}
	for _, p := range shown {
		if want[p] {
			m.inBudget += 1 / float64(len(want))
		}
	}
	m.share += share
}

// replay goes through a repository's commits, newest first.
func replay(ctx context.Context, r *repo.Repo, clone string, n, budget int) ([]*method, error) {
	table := []*method{{name: "brief"}, {name: "bm25"}, {name: "paths"}}
	list, err := commits(clone)
	if err != nil {
		return nil, err
	}
	cache, words := brief.NewCache(512<<20), newIndex()
	for _, c := range list {
		if table[0].n == n {
			break
		}
		tree, err := r.Snapshot(ctx, c.parent)
		if err != nil {
			return nil, err
		}
		want := map[string]bool{}
		for _, p := range c.paths {
			if info, err := tree.Lstat(p); err == nil && info.Mode().IsRegular() {
				want[p] = true
			}
		}
		if len(want) == 0 {
			continue // it only adds files
		}
		past, err := r.History(ctx, c.parent, 3000)
		if err != nil {
			return nil, err
		}
		req := brief.Request{Tree: tree, Words: c.message, Budget: budget, Cache: cache}
		for _, p := range past {
			req.History = append(req.History, brief.Change(p))
		}
		if err := words.load(tree); err != nil {
			return nil, err
		}
		if err := ours(ctx, table[0], req, words, want); err != nil {
			return nil, err
		}
		for _, m := range table[1:] {
			ranking := words.rank(m.name, c.message)
			shown, tokens := words.fill(ranking, budget)
			m.add(ranking, shown, tokens/words.total(), want)
		}
	}
	return table, nil
}

func ours(ctx context.Context, m *method, req brief.Request, words *index, want map[string]bool) error {
	ranked, err := brief.Rank(ctx, req)
	if err != nil {
		return err
	}
	b, err := brief.Build(ctx, req)
	if err != nil {
		return err
	}
	var ranking, shown []string
	for _, f := range ranked {
		ranking = append(ranking, f.Path)
	}
	for _, f := range append(b.Guidance, b.Files...) {
		shown = append(shown, f.Path)
	}
	m.add(ranking, shown, min(float64(b.Tokens)/words.total(), 1), want)
	return nil
}

type commit struct {
	parent, message string
	paths           []string
}

// commits lists those that are replayed: one parent, no bot's, at most 20 files.
func commits(clone string) (list []commit, err error) {
	out, err := exec.Command("git", "-C", clone, "log", "-z", "--no-merges", "--no-renames", "--name-only", "-n5000", "--format=%x01%P%x00%an%x00%B").Output()
	if err != nil {
		return nil, err
	}
	for record := range bytes.SplitSeq(out, []byte("\x01")) {
		f := strings.Split(strings.TrimRight(string(record), "\x00"), "\x00")
		if len(f) < 4 || len(f[0]) != 40 || strings.Contains(strings.ToLower(f[1]), "bot") || len(f)-3 > 20 {
			continue
		}
		f[3] = strings.TrimPrefix(f[3], "\n")
		list = append(list, commit{f[0], f[2], f[3:]})
	}
	return list, nil
}

// files lists the regular files of a tree.
func files(tree fs.FS, use func(path, id string) error) error {
	return fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return use(path, d.(interface{ ID() string }).ID())
	})
}
