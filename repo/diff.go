package repo

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"codeagent.dev/agent"
)

// diffArgs make the plumbing `git diff-tree` print the same patch whatever a
// person's configuration says, one that every `git apply` takes. Renames are shown as renames: it reads
// best, and the patch still applies where the rest of the file has moved on, which
// the deletion of a whole file and its new copy would not.
var diffArgs = []string{
	"-c", "diff.suppressBlankEmpty=false", "-c", "core.quotePath=true",
	"diff-tree", "-p", "-r", "-M", "-l1000", "--binary", "--full-index", "--no-ext-diff", "--no-textconv",
	"--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U3", "--inter-hunk-context=0", "--submodule=short",
}

// Diff writes the change from one commit to another as a patch that `git apply`
// takes. NotFound: one of them, or what it needs, is not there.
func (r *Repo) Diff(ctx context.Context, from, to string, w io.Writer) error {
	trees, err := r.treesOf(ctx, from, to)
	if err != nil {
		return err
	}
	args := append([]string{"--git-dir=" + r.mirror.git}, diffArgs...)
	_, err = gitRun{args: append(args, trees...), dir: r.mirror.dir, env: noFetch, stdout: w}.output(ctx)
	return err
}

// Changed returns the paths that differ between two commits; a rename has two. From ""
// means from nothing, as for the first commit of a history.
func (r *Repo) Changed(ctx context.Context, from, to string) ([]string, error) {
	trees, err := r.treesOf(ctx, from, to)
	if err != nil {
		return nil, err
	}
	args := []string{"--git-dir=" + r.mirror.git, "diff-tree", "-r", "-z", "--name-only", "--no-renames"}
	out, err := gitRun{args: append(args, trees...), dir: r.mirror.dir, env: noFetch}.output(ctx)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

func (r *Repo) treesOf(ctx context.Context, commits ...string) ([]string, error) {
	trees := make([]string, len(commits))
	for i, id := range commits {
		if id == "" {
			trees[i] = emptyTree
			continue
		}
		c, err := r.commit(ctx, id)
		if err != nil {
			return nil, err
		}
		trees[i] = c.TreeHash.String()
	}
	return trees, nil
}

// statEnd is a line that `git diff-tree --stdin` gives back as it is, because it is
// no object id. It marks where an answer ends.
const statEnd = "end"

// stat asks a git that stays for the numbers of a change between two trees.
func (r *Repo) stat(ctx context.Context, from, to string) (stat agent.Stat, err error) {
	p, err := r.set.pool(r.mirror.git, numbers)
	if err != nil {
		return agent.Stat{}, err
	}
	err = p.do(ctx, func(s *session) error {
		stat = agent.Stat{}
		if err := s.send(from + " " + to + "\n" + statEnd + "\n"); err != nil {
			return err
		}
		if _, err := s.line(); err != nil { // the two ids
			return err
		}
		for {
			first, err := s.out.Peek(1)
			if err != nil {
				return &broken{err}
			}
			if first[0] == statEnd[0] {
				_, err := s.line()
				return err
			}
			if err := s.addStat(&stat); err != nil {
				return err
			}
		}
	})
	return stat, err
}

// addStat reads one record of `--numstat -z`: added, removed and path, or an empty
// path and two more for a rename. A binary file has dashes for numbers.
func (s *session) addStat(stat *agent.Stat) error {
	record, err := s.record()
	if err != nil {
		return err
	}
	fields := strings.SplitN(record, "\t", 3)
	if len(fields) != 3 {
		return &broken{fmt.Errorf("unexpected answer %q", record)}
	}
	stat.Files++
	if fields[0] != "-" {
		added, errAdded := strconv.Atoi(fields[0])
		removed, errRemoved := strconv.Atoi(fields[1])
		if errAdded != nil || errRemoved != nil {
			return &broken{fmt.Errorf("unexpected answer %q", record)}
		}
		stat.Added += added
		stat.Removed += removed
	}
	if fields[2] != "" {
		return nil
	}
	if _, err := s.record(); err != nil {
		return err
	}
	_, err = s.record()
	return err
}

// record reads to the next NUL byte.
func (s *session) record() (string, error) {
	text, err := s.out.ReadString(0)
	if err != nil {
		return "", &broken{err}
	}
	return text[:len(text)-1], nil
}
