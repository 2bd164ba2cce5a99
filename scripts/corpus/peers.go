package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

// peer is another program that applies unified diffs, started in a directory that holds
// the files, the patch on its stdin.
type peer struct {
	name string
	argv []string
}

var peers = []peer{
	{"git apply", []string{"git", "apply", "-"}},
	{"git -C1", []string{"git", "apply", "--recount", "-C1", "--ignore-whitespace", "-"}},
	{"patch", []string{"patch", "-p1", "--fuzz=3", "--batch", "--no-backup-if-mismatch", "--reject-file=-", "--silent"}},
}

const peerPatience = 20 * time.Second

// runPeers runs the peers on unified diffs that are not for git's own rules, at most so
// many of them (0: all), spread over the corpus. The result is by the peer's name; "" are
// our own outcomes of the same cases. A peer that is not installed has none.
func runPeers(outcomes []*outcome, sample, workers int) (map[string][]*outcome, error) {
	ours := slices.DeleteFunc(slices.Clone(outcomes), func(o *outcome) bool {
		return o.format != patch.Unified || o.options.Strict.On
	})
	if sample > 0 && len(ours) > sample {
		spread := make([]*outcome, sample)
		for i := range spread {
			spread[i] = ours[i*len(ours)/sample]
		}
		ours = spread
	}
	all := map[string][]*outcome{"": ours}
	for _, p := range peers {
		if _, err := exec.LookPath(p.argv[0]); err != nil {
			continue
		}
		theirs := make([]*outcome, len(ours))
		errs := make([]error, len(ours))
		parallel(len(ours), workers, func(i int) { theirs[i], errs[i] = p.run(ours[i].aCase) })
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		all[p.name] = theirs
	}
	return all, nil
}

// run runs the peer on one case in a directory of its own.
func (p peer) run(c *aCase) (*outcome, error) {
	dir, err := os.MkdirTemp("", "corpus-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := lay(filepath.Join(dir, "tree"), c.before); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), peerPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Dir = filepath.Join(dir, "tree")
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C")
	cmd.Stdin = strings.NewReader(string(c.text))
	o := &outcome{aCase: c, got: c.before}
	start := time.Now()
	_, err = cmd.CombinedOutput()
	o.took = time.Since(start)
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	if o.err = err; err == nil {
		if o.got, err = read(cmd.Dir); err != nil {
			return nil, err
		}
	}
	o.verdict = judge(c, o.err == nil, o.got)
	return o, nil
}

// read is the tree in a directory.
func read(dir string) (batch.Tree, error) {
	tree := batch.Tree{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f := batch.File{Mode: patch.ModeFile}
		switch {
		case info.Mode().Type() == fs.ModeSymlink:
			target, err := os.Readlink(path)
			tree[filepath.ToSlash(rel)] = batch.File{Mode: patch.ModeLink, Data: []byte(target)}
			return err
		case info.Mode()&0o100 != 0:
			f.Mode = patch.ModeExec
		}
		f.Data, err = os.ReadFile(path)
		tree[filepath.ToSlash(rel)] = f
		return err
	})
	return tree, err
}

// peerTables writes how the peers do beside us, by file and by damage: how many of all
// cases went as they should, refusals among them, and how many were put in a wrong place
// or applied against the rule.
func peerTables(w io.Writer, all map[string][]*outcome) {
	names := []string{""}
	for _, p := range peers {
		if all[p.name] == nil {
			fmt.Fprintf(w, "%s is not installed\n", p.argv[0])
			continue
		}
		names = append(names, p.name)
	}
	peerTable(w, "SOURCE", all, names, func(o *outcome) []string { return []string{o.origin} })
	peerTable(w, "DAMAGE", all, names, func(o *outcome) []string { return o.kinds })
	for _, name := range names {
		t := newTimes(all[name])
		fmt.Fprintf(w, "%s: a case takes %s (median), %s (p99)", cmp.Or(name, "agent"), milli(t.at(0.5)), milli(t.at(0.99)))
		if ours := newTimes(all[""]); name != "" && ours.at(0.5) > 0 {
			fmt.Fprintf(w, ", %.0f times ours", float64(t.at(0.5))/float64(ours.at(0.5)))
		}
		fmt.Fprintln(w)
	}
}

func peerTable(w io.Writer, title string, all map[string][]*outcome, names []string, of func(*outcome) []string) {
	groups := map[string]map[string]*tally{}
	for _, name := range names {
		groups[name] = group(all[name], of)
	}
	rows := slices.Sorted(maps.Keys(groups[""]))
	if len(rows) == 0 {
		return
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "%s\tN", title)
	for _, name := range names {
		fmt.Fprintf(tw, "\t%s %%\tWRONG", strings.ToUpper(cmp.Or(name, "agent")))
	}
	fmt.Fprintln(tw)
	for _, row := range rows {
		fmt.Fprintf(tw, "%s\t%d", row, groups[""][row].n+groups[""][row].mustRefuse)
		for _, name := range names {
			t := groups[name][row]
			fmt.Fprintf(tw, "\t%.1f\t%s", t.share(), count(t.wrong+t.bad))
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	fmt.Fprintln(w)
}
