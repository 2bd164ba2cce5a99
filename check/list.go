package check

import (
	"strings"
	"unicode/utf8"
)

// block collects the lines about one failure: the first ones and the last ones, since a
// cause stands at either end of a long trace.
type block struct {
	head, tail []string
	size       int // bytes of head
	dropped    bool
}

const (
	headBytes = maxExcerpt * 2 / 3
	tailBytes = maxExcerpt - headBytes - 8
	tailLines = 16
)

func (b *block) add(line string) {
	if b == nil || len(b.head) == 0 && strings.TrimSpace(line) == "" {
		return
	}
	line = cut(line, 400)
	if len(b.tail) == 0 && b.size+len(line)+1 <= headBytes {
		b.head = append(b.head, strings.Clone(line))
		b.size += len(line) + 1
		return
	}
	if len(b.tail) == tailLines {
		b.dropped = true
		copy(b.tail, b.tail[1:])
		b.tail = b.tail[:tailLines-1]
	}
	b.tail = append(b.tail, strings.Clone(line))
}

// lines returns what was kept, within maxExcerpt bytes.
func (b *block) lines() []string {
	if b == nil {
		return nil
	}
	tail, size, dropped := b.tail, 0, b.dropped
	for i := len(tail) - 1; i >= 0; i-- {
		if size += len(tail[i]) + 1; size > tailBytes {
			tail, dropped = tail[i+1:], true
			break
		}
	}
	all := append([]string{}, b.head...)
	if dropped {
		all = append(all, "…")
	}
	all = append(all, tail...)
	for len(all) > 0 && strings.TrimSpace(all[len(all)-1]) == "" {
		all = all[:len(all)-1]
	}
	return all
}

// cut shortens s to at most n bytes, on the border of a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// entry is a failure that is being read.
type entry struct {
	id      string
	suite   bool
	problem bool
	block   *block
}

// list holds the failures of one format in their order, each id once.
type list struct {
	all   []*entry
	index map[string]*entry
	more  int
}

func newList() *list { return &list{index: map[string]*entry{}} }

// tally is what most formats keep of a log.
type tally struct {
	block           *block // of the failure that is being read
	failures        *list
	passed, skipped int
	seen            bool // a line that only this runner writes
}

func newTally() tally { return tally{failures: newList()} }

// as is the report of the format of that name.
func (t *tally) as(name string) report {
	if !t.seen {
		return report{}
	}
	return report{name, t.passed, t.skipped, t.failures}
}

// add returns the entry of an id, and whether it is new. It returns nil where the bound
// is reached, and for an id that says nothing.
func (l *list) add(id string) (e *entry, fresh bool) {
	id = tidy(id)
	if id == "" {
		return nil, false
	}
	if e := l.index[id]; e != nil {
		return e, false
	}
	if len(l.all) >= maxFailures {
		l.more++
		return nil, false
	}
	e = &entry{id: strings.Clone(id), block: &block{}}
	l.all = append(l.all, e)
	l.index[e.id] = e
	return e, true
}

// open returns the block for a failure's lines, nil where they are not wanted: the
// failure was reported before, or there are too many.
func (l *list) open(id string, suite bool) *block {
	e, fresh := l.add(id)
	if !fresh {
		return nil
	}
	e.suite = suite
	return e.block
}

// tidy makes an id of one line and bounded length.
func tidy(id string) string {
	return cut(strings.Join(strings.Fields(id), " "), maxID)
}

func (e *entry) failure(room int) Failure {
	lines := e.block.lines()
	f := Failure{ID: e.id, Signature: signature(lines), Suite: e.suite, Problem: e.problem}
	if text := outdent(lines); len(text) <= room {
		f.Excerpt = text
	}
	return f
}

// outdent joins lines without the indentation that they have in common.
func outdent(lines []string) string {
	common := -1
	for _, line := range lines {
		if rest := strings.TrimLeft(line, " "); rest != "" && rest != "…" {
			if n := len(line) - len(rest); common < 0 || n < common {
				common = n
			}
		}
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		if n := len(line) - len(strings.TrimLeft(line, " ")); n >= common && common > 0 {
			line = line[common:]
		}
		b.WriteString(strings.TrimRight(line, " \t"))
	}
	return cut(b.String(), maxExcerpt)
}
