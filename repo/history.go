package repo

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// Past is what one commit changed.
type Past struct {
	Commit  string
	Time    time.Time // when it was committed
	Subject string
	Paths   []string // from the root; a rename has two
}

// Bounds of a history: commits that touch whole trees say nothing of single files.
const (
	maxChangePaths = 200     // paths kept of one commit
	maxHistory     = 10_000  // commits
	maxHistorySize = 8 << 20 // bytes of the histories kept in memory
)

// historyArgs print, for each commit, its id, time and subject, and then the paths. Merges
// repeat what their parents did. A path ends in NUL, as everything does.
var historyArgs = []string{
	"-c", "log.showSignature=false", "-c", "log.follow=false",
	"log", "-z", "--name-only", "--no-renames", "--no-merges", "--no-ext-diff", "--no-textconv", "--no-color", "--no-notes",
	"--no-decorate", "--no-mailmap", "--format=tformat:" + historyMark + "%H%x00%ct%x00%s",
}

// historyMark begins a commit. No path begins like this and goes on with the digits of an id.
const historyMark = "\x01"

// History returns what the last commits up to this one changed, at most max of them,
// newest first, without merges. In a shallow clone it ends where the clone does. The
// slices are shared with later calls: nobody changes them.
//
// It costs a process of git and the reading of the trees of all these commits (about
// 0.1 ms each); asked again for the same commit it costs nothing.
func (r *Repo) History(ctx context.Context, commit string, max int) ([]Past, error) {
	max = min(max, maxHistory)
	if max <= 0 {
		return nil, nil
	}
	if _, err := r.commit(ctx, commit); err != nil {
		return nil, err
	}
	key := historyKey{commit, max}
	if list, ok := r.mirror.histories.get(key); ok {
		return list, nil
	}
	args := append([]string{"--git-dir=" + r.mirror.git}, historyArgs...)
	run := gitRun{args: append(args, "--max-count="+strconv.Itoa(max), commit, "--"), dir: r.mirror.dir, env: noFetch}
	reader, writer := io.Pipe()
	run.stdout = writer
	var list []Past
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		list, failed = readHistory(bufio.NewReaderSize(reader, 64<<10))
		reader.CloseWithError(failed)
	})
	_, err := run.output(ctx)
	writer.Close()
	wg.Wait()
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, err
	}
	r.mirror.histories.put(key, list)
	return list, nil
}

// readHistory reads what historyArgs print.
func readHistory(in *bufio.Reader) (list []Past, err error) {
	for {
		field, err := in.ReadString(0)
		if err == io.EOF && field == "" {
			return list, nil
		}
		if err != nil {
			return nil, agent.Errorf(agent.Internal, "git log: its answer is cut off: %w", err)
		}
		field = field[:len(field)-1]
		if id, ok := strings.CutPrefix(field, historyMark); ok && agent.IsCommitID(id) {
			c, err := readChange(in, id)
			if err != nil {
				return nil, err
			}
			list = append(list, c)
			continue
		}
		if len(list) == 0 {
			return nil, agent.Errorf(agent.Internal, "git log: unexpected answer %q", field)
		}
		c := &list[len(list)-1]
		if len(c.Paths) == 0 {
			field = strings.TrimPrefix(field, "\n") // stands between a commit and its paths
		}
		if field != "" && len(c.Paths) < maxChangePaths {
			c.Paths = append(c.Paths, field)
		}
	}
}

// readChange reads the rest of a commit's head.
func readChange(in *bufio.Reader, id string) (Past, error) {
	var fields [2]string
	for i := range fields {
		field, err := in.ReadString(0)
		if err != nil {
			return Past{}, agent.Errorf(agent.Internal, "git log: its answer is cut off: %w", err)
		}
		fields[i] = field[:len(field)-1]
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return Past{}, agent.Errorf(agent.Internal, "git log: unexpected time %q", fields[0])
	}
	return Past{Commit: id, Time: time.Unix(seconds, 0), Subject: fields[1]}, nil
}

type historyKey struct {
	commit string
	max    int
}

// historyCache keeps the histories used last: every job on one base asks for the same.
type historyCache struct {
	mu   sync.Mutex
	list []keptHistory // the one used last is last
}

type keptHistory struct {
	key     historyKey
	changes []Past
	size    int
}

func (c *historyCache) get(key historyKey) ([]Past, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(k keptHistory) bool { return k.key == key })
	if i < 0 {
		return nil, false
	}
	k := c.list[i]
	c.list = append(slices.Delete(c.list, i, i+1), k)
	return k.changes, true
}

func (c *historyCache) put(key historyKey, changes []Past) {
	k := keptHistory{key: key, changes: changes}
	for _, ch := range changes {
		k.size += 120 + len(ch.Subject)
		for _, p := range ch.Paths {
			k.size += 16 + len(p)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(slices.DeleteFunc(c.list, func(k keptHistory) bool { return k.key == key }), k)
	total := 0
	for _, k := range c.list {
		total += k.size
	}
	for len(c.list) > 1 && total > maxHistorySize {
		total -= c.list[0].size
		c.list = slices.Delete(c.list, 0, 1)
	}
}
