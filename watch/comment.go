package watch

import (
	"bytes"
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultWord marks a comment as a request, unless a person chose another.
const DefaultWord = "agent"

// Kind is what a comment asks for. It is the sign after the word.
type Kind byte

const (
	Do  Kind = ':' // make the change
	Now Kind = '!' // make it before what is queued
	Ask Kind = '?' // answer a question, change nothing
)

// Request is a comment that asks for something.
type Request struct {
	Text string // without the comment's signs; lines of one comment end with \n
	Kind Kind
	Line int // of the word, from 1

	// Start and End are the bytes that the request takes, for Remove: whole lines
	// where nothing else stands on them.
	Start, End int
}

// Find returns the requests in the content of a file, in order. The kind of the file,
// and with it what a comment is, is told by the path's name, or by a first line that
// names an interpreter; a file of unknown kind has none. A comment is a request when
// it, or a line of a comment that has several, begins with word and one of the signs
// of Kind, and then white space. An empty word is DefaultWord.
//
// The request goes on with the lines of the same comment, and with comments of the
// same kind directly below that stand alone, to the first that is empty or is a
// request itself. What stands in a string is no comment.
func Find(path string, content []byte, word string) []Request {
	word = cmp.Or(word, DefaultWord)
	if !mentions(content, word) || isBinary(content) {
		return nil
	}
	syn := syntaxOf(path, content)
	if syn == nil {
		return nil
	}
	f := finder{content: content, word: word, lines: lineStarts(content)}
	s := scanner{content: content, end: len(content)}
	for _, c := range s.scan(syn) {
		f.add(c)
	}
	return f.requests()
}

// Remove returns content without the request, which must have been found in it.
func Remove(content []byte, req Request) []byte {
	if req.Start < 0 || req.End > len(content) || req.Start > req.End {
		return content
	}
	out := make([]byte, 0, len(content))
	out = append(out, content[:req.Start]...)
	if req.Start > 0 && req.End < len(content) && wordByte(content[req.Start-1]) && wordByte(content[req.End]) {
		out = append(out, ' ') // a comment parts words, too
	}
	return append(out, content[req.End:]...)
}

// mentions is a fast no for nearly every file.
func mentions(content []byte, word string) bool {
	for rest := content; ; {
		i := bytes.Index(rest, []byte(word))
		if i < 0 {
			return false
		}
		rest = rest[i+len(word):]
		if len(rest) > 0 && isKind(rest[0]) {
			return true
		}
	}
}

func isKind(b byte) bool { return b == byte(Do) || b == byte(Now) || b == byte(Ask) }

func isBinary(content []byte) bool {
	return bytes.IndexByte(content[:min(len(content), 8000)], 0) >= 0 // as git tells it
}

func wordByte(b byte) bool {
	return b == '_' || b >= utf8.RuneSelf || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// piece is one line of a comment.
type piece struct {
	text       string
	start, end int  // with the decoration before the text, without the comment's signs
	line       int  // from 0
	of         int  // index of its comment
	kind       Kind // 0: no request begins here
}

// finder turns comments into requests.
type finder struct {
	content  []byte
	word     string
	lines    []int // where each line begins
	comments []comment
	pieces   []piece
}

// add takes a comment apart into its lines.
func (f *finder) add(c comment) {
	of := len(f.comments)
	f.comments = append(f.comments, c)
	line := f.lineOf(c.start)
	for at := c.start + c.open; ; line++ {
		end := c.end - c.close
		if next := line + 1; next < len(f.lines) && f.lines[next] <= end {
			end = f.lines[next]
		}
		raw := f.content[at:end]
		p := piece{start: at, end: at + len(bytes.TrimRight(raw, " \t\r\n")), line: line, of: of}
		p.text, p.kind = f.read(string(raw), c.block())
		f.pieces = append(f.pieces, p)
		if end == c.end-c.close {
			return
		}
		at = end
	}
}

// read returns what a line of a comment says, and the kind of the request that
// begins there.
func (f *finder) read(raw string, block bool) (string, Kind) {
	text := strings.TrimSpace(raw)
	decoration := "/!-;#%" // "///", "//!", ";;", "##"
	if block {
		decoration = "*!"
	}
	text = strings.TrimSpace(strings.TrimLeft(text, decoration))
	if block {
		text = strings.TrimSpace(strings.TrimRight(text, "*"))
	}
	rest, ok := strings.CutPrefix(text, f.word)
	if !ok || rest == "" || !isKind(rest[0]) {
		return text, 0
	}
	after := rest[1:]
	if r, _ := utf8.DecodeRuneInString(after); after != "" && !unicode.IsSpace(r) {
		return text, 0 // "agent://", "agent!="
	}
	return strings.TrimSpace(after), Kind(rest[0])
}

func (f *finder) requests() []Request {
	var found []Request
	for i := 0; i < len(f.pieces); {
		if f.pieces[i].kind == 0 {
			i++
			continue
		}
		next := i + 1
		for next < len(f.pieces) && f.continues(next) {
			next++
		}
		if r := f.request(i, next); r.Text != "" {
			found = append(found, r)
		}
		i = next
	}
	return found
}

// continues reports whether piece i goes on with the request of the one before.
func (f *finder) continues(i int) bool {
	p, before := f.pieces[i], f.pieces[i-1]
	if p.text == "" || p.kind != 0 {
		return false
	}
	if p.of == before.of {
		return true
	}
	c, above := f.comments[p.of], f.comments[before.of]
	return !c.block() && !above.block() && c.sign == above.sign && p.line == before.line+1 && f.alone(c.start, c.end) && f.alone(above.start, above.end)
}

// request makes the request of the pieces from first up to next.
func (f *finder) request(first, next int) Request {
	var text []string
	for _, p := range f.pieces[first:next] {
		text = append(text, p.text)
	}
	p, last := f.pieces[first], f.pieces[next-1]
	r := Request{Text: strings.TrimSpace(strings.Join(text, "\n")), Kind: p.kind, Line: p.line + 1}
	c := f.comments[p.of]
	switch {
	case !c.block():
		r.Start, r.End = f.widen(c.start, f.comments[last.of].end)
	case f.wholeBlock(first, next):
		r.Start, r.End = f.widen(f.container(c))
	default:
		r.Start, r.End = f.part(p.start, last.end)
	}
	return r
}

// wholeBlock reports whether a block comment says nothing but the request.
func (f *finder) wholeBlock(first, next int) bool {
	of := f.pieces[first].of
	for i := first - 1; i >= 0 && f.pieces[i].of == of; i-- {
		if f.pieces[i].text != "" {
			return false
		}
	}
	for i := next; i < len(f.pieces) && f.pieces[i].of == of; i++ {
		if f.pieces[i].text != "" {
			return false
		}
	}
	return true
}
