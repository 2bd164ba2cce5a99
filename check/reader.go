package check

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reader reads the output of checks. The zero value is ready; it is not for use by
// several goroutines at once.
type Reader struct {
	// Dir is the directory that the checks ran in. It is taken out of every line, so that two
	// runs in two work trees name the same files.
	Dir string

	line    []byte // the unfinished line, at most maxLine
	formats []format
	shut    bool
	result  Tests
}

// format recognises what one runner prints. It hears every line, so it must tell its
// own from those of others, and reports nothing unless it met a line that only its
// runner writes.
type format interface {
	read(line string)
	report() report
}

// report is what a format found. An empty name: it was not its log.
type report struct {
	name            string
	passed, skipped int
	failures        *list
}

// Write takes the next piece of the output. It never fails; after Tests it does nothing.
func (r *Reader) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && !r.shut {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			r.keep(p)
			break
		}
		r.keep(p[:end])
		r.flush()
		p = p[end+1:]
	}
	return n, nil
}

func (r *Reader) keep(p []byte) {
	if room := maxLine - len(r.line); room > 0 {
		r.line = append(r.line, p[:min(room, len(p))]...)
	}
}

func (r *Reader) flush() {
	if r.formats == nil {
		r.formats = []format{
			newGoTest(), newPytest(), newUnittest(), newJest(), newVitest(), newMocha(), newCargo(), newSurefire(), newJUnit(), newGradle(),
			newRSpec(), newPHPUnit(), newDotnet(), newCTest(), newTAP(), newNodeTest(), newProblems(),
		}
	}
	line := r.local(plain(r.line))
	r.line = r.line[:0]
	for _, f := range r.formats {
		f.read(line)
	}
}

// Tests ends the reading and returns what was found. It may be called again.
func (r *Reader) Tests() Tests {
	if r.shut {
		return r.result
	}
	if len(r.line) > 0 {
		r.flush()
	}
	r.shut = true
	room, seen := maxExcerpts, map[string]bool{}
	for _, f := range r.formats {
		found := f.report()
		if found.name == "" {
			continue
		}
		t := &r.result
		t.Formats = append(t.Formats, found.name)
		t.Passed += found.passed
		t.Skipped += found.skipped
		t.More += found.failures.more
		for _, e := range found.failures.all {
			if seen[e.id] {
				continue
			}
			if len(t.Failures) == maxFailures {
				t.More++
				continue
			}
			seen[e.id] = true
			failure := e.failure(room)
			if failure.Problem && told(t.Failures, failure.Excerpt) {
				continue
			}
			room -= len(failure.Excerpt)
			t.Failures = append(t.Failures, failure)
		}
	}
	r.line, r.formats = nil, nil
	slices.Sort(r.result.Formats)
	return r.result
}

// local takes Dir out of a line.
func (r *Reader) local(line string) string {
	dir := strings.TrimRight(r.Dir, "/\\")
	if dir == "" || !strings.Contains(line, dir) {
		return line
	}
	return strings.ReplaceAll(strings.ReplaceAll(line, dir+"/", ""), dir+"\\", "")
}

// told reports whether a package that failed as a whole shows a problem already: go test
// prints the compiler's lines.
func told(failures []Failure, problem string) bool {
	return slices.ContainsFunc(failures, func(f Failure) bool { return f.Suite && strings.Contains(f.Excerpt, problem) })
}

// plain makes a line of a log readable: valid UTF-8, without colours and other controls,
// and of a progress bar that draws over itself the last state.
func plain(line []byte) string {
	line = bytes.TrimRight(line, "\r")
	if i := bytes.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	clean := true
	for _, c := range line {
		if c < ' ' && c != '\t' || c >= utf8.RuneSelf || c == 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return string(line)
	}
	var b strings.Builder
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == 0x1b:
			i += escape(line[i:])
			continue
		case c < ' ' && c != '\t', c == 0x7f:
			i++
			continue
		case c < utf8.RuneSelf:
			b.WriteByte(c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(line[i:])
		if r == 0x2028 || r == 0x2029 || r == 0x85 || r == 0xa0 {
			r = ' '
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// escape returns the length of a terminal's control sequence.
func escape(s []byte) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[': // CSI: parameters, then one byte from @ to ~
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
		}
		return len(s)
	case ']': // OSC: up to BEL or ST, links and titles
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return len(s)
	}
	return 2
}
