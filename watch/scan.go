package watch

import (
	"bytes"
	"strings"
)

// comment is one comment of a file. open and close are the lengths of its signs;
// one that ends with its line has no closing sign, and its end leaves the line end out.
type comment struct {
	start, end  int
	open, close int
	sign        string // that opens it
	braces      bool   // it may be the only content of JSX's braces
}

func (c comment) block() bool { return c.close > 0 }

// scanner finds the comments of a file. It knows strings well enough not to take
// what they hold for comments, and comes back to itself after what it does not know: a
// string that does not end is taken for a single sign.
type scanner struct {
	content []byte
	at, end int
	found   []comment

	pending []heredoc       // begun on this line; their text begins on the next
	open    map[string]bool // signs that no closing one follows any more: looked for once
}

// scan returns the comments up to the scanner's end.
func (s *scanner) scan(syn *syntax) []comment {
	s.open = map[string]bool{}
	for s.at < s.end {
		if !s.step(syn) {
			if s.content[s.at] == '\n' && len(s.pending) > 0 {
				s.skipHeredocs()
				continue
			}
			s.at++
		}
	}
	return s.found
}

// step takes one comment, string or other region that begins here, or reports that
// none does.
func (s *scanner) step(syn *syntax) bool {
	if b := s.content[s.at]; b == '\n' || b == ' ' || b == '\t' {
		return false
	}
	return s.region(syn) || s.block(syn) || syn.special&longs != 0 && s.long() || s.line(syn) || s.special(syn) || s.quoted(syn)
}

func (s *scanner) rest() []byte { return s.content[s.at:s.end] }

func (s *scanner) has(sign string) bool { return bytes.HasPrefix(s.rest(), []byte(sign)) }

// index is where the sign stands next at or after from, or -1. A sign that was looked
// for in vain is not looked for again.
func (s *scanner) index(from int, sign string) int {
	if from > s.end || s.open[sign] {
		return -1
	}
	i := bytes.Index(s.content[from:s.end], []byte(sign))
	if i < 0 {
		s.open[sign] = true
		return -1
	}
	return from + i
}

// region scans what is written in another language: a script in HTML, PHP's code.
func (s *scanner) region(syn *syntax) bool {
	for _, r := range syn.regions {
		if len(s.rest()) < len(r.open) || !strings.EqualFold(string(s.rest()[:len(r.open)]), r.open) {
			continue
		}
		start := s.at + len(r.open)
		if r.until != "" {
			i := s.index(start, r.until)
			if i < 0 {
				return false
			}
			start = i + len(r.until)
		}
		end := s.index(start, r.close)
		if end < 0 {
			end = s.end
		}
		inner := scanner{content: s.content, at: start, end: end}
		s.found = append(s.found, inner.scan(r.syntax)...)
		s.at = end
		return true
	}
	return false
}

// block takes a comment with an opening and a closing sign.
func (s *scanner) block(syn *syntax) bool {
	for _, b := range syn.blocks {
		if !s.has(b.open) || b.lineStart && !s.lineStart() {
			continue
		}
		end := s.blockEnd(b)
		if end < 0 {
			continue
		}
		s.found = append(s.found, comment{start: s.at, end: end, open: len(b.open), close: len(b.close), sign: b.open, braces: syn.jsx})
		s.at = end
		return true
	}
	return false
}

func (s *scanner) blockEnd(b block) int {
	depth, at := 1, s.at+len(b.open)
	for {
		end := s.index(at, b.close)
		if end < 0 {
			return -1
		}
		if b.nested {
			depth += bytes.Count(s.content[at:end], []byte(b.open))
		}
		at = end + len(b.close)
		if depth--; depth == 0 {
			return at
		}
	}
}

// line takes a comment that ends with its line.
func (s *scanner) line(syn *syntax) bool {
	for _, l := range syn.lines {
		if !s.has(l.open) || l.where == lineStart && !s.lineStart() || l.where == afterSpace && !s.afterSpace() {
			continue
		}
		end := s.end
		if i := bytes.IndexByte(s.rest(), '\n'); i >= 0 {
			end = s.at + i
		}
		if end > s.at && s.content[end-1] == '\r' {
			end--
		}
		s.found = append(s.found, comment{start: s.at, end: end, open: len(l.open), sign: l.open})
		s.at = end
		return true
	}
	return false
}

// lineStart reports whether only white space stands before on the line.
func (s *scanner) lineStart() bool {
	line := s.content[:s.at]
	return blank(line[bytes.LastIndexByte(line, '\n')+1:])
}

// afterSpace reports whether a shell would begin a word here.
func (s *scanner) afterSpace() bool {
	return s.at == 0 || strings.IndexByte(" \t\r\n;|&()", s.content[s.at-1]) >= 0
}

// quoted skips a string.
func (s *scanner) quoted(syn *syntax) bool {
	for _, q := range syn.quotes {
		if !s.has(q.open) || q.lineStart && !s.lineStart() {
			continue
		}
		if end := s.quoteEnd(q, s.at+len(q.open)); end >= 0 {
			s.at = end
			return true
		}
	}
	return false
}

// quoteEnd is where a string ends whose text begins at from, or -1 when it does not.
func (s *scanner) quoteEnd(q quote, from int) int {
	if s.open["quote "+q.open] {
		return -1
	}
	for i := from; i < s.end; i++ {
		switch b := s.content[i]; {
		case b == q.escape && b != 0:
			i++
			if i+1 < s.end && s.content[i] == '\r' && s.content[i+1] == '\n' {
				i++
			}
		case bytes.HasPrefix(s.content[i:s.end], []byte(q.close)):
			return i + len(q.close)
		case b == '\n' && !q.lines:
			return -1
		}
	}
	if q.lines {
		s.open["quote "+q.open] = true
	}
	return -1
}
