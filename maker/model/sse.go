package model

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine bounds the bytes of one event or line of a stream. Servers send some words
// at a time; a whole answer in one event is still far below.
const maxLine = 4 << 20

var errLine = errors.New("a line of more than 4 MiB")

// sse reads server-sent events as the HTML standard says
// (html.spec.whatwg.org/multipage/server-sent-events.html): lines end with \n, \r or
// \r\n, comments and unknown fields are passed over, and what precedes the end of the
// stream without a blank line is no event.
type sse struct {
	r     *bufio.Reader
	line  []byte
	data  []byte
	cr    bool // the line before ended with \r, so that a \n here belongs to it
	begun bool
}

func newSSE(r io.Reader) *sse { return &sse{r: bufio.NewReaderSize(r, 16<<10)} }

// next returns the data of the next event that has any; it is valid until the next
// call. The error is io.EOF at the end of the stream.
func (s *sse) next() ([]byte, error) {
	s.data = s.data[:0]
	for {
		line, err := s.read()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(s.data) > 1 { // more than the \n of an empty field
				return s.data[:len(s.data)-1], nil
			}
			s.data = s.data[:0]
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "data" {
			continue
		}
		s.data = append(append(s.data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		if len(s.data) > maxLine {
			return nil, errLine
		}
	}
}

// read returns the next line without its end.
func (s *sse) read() ([]byte, error) {
	s.line = s.line[:0]
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return nil, err
		}
		after := s.cr
		s.cr = c == '\r'
		switch {
		case c == '\n' && after:
			continue
		case c == '\n' || c == '\r':
			if !s.begun {
				s.begun = true
				return bytes.TrimPrefix(s.line, []byte("\xEF\xBB\xBF")), nil
			}
			return s.line, nil
		}
		if len(s.line) >= maxLine {
			return nil, errLine
		}
		s.line = append(s.line, c)
	}
}

// lines reads lines of JSON.
type lines struct {
	r    *bufio.Reader
	line []byte
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 16<<10)} }

// next returns the next line that is not blank; it is valid until the next call. A last
// line without its \n is one too, for JSON says itself whether it is complete.
func (l *lines) next() ([]byte, error) {
	for {
		l.line = l.line[:0]
		for {
			part, err := l.r.ReadSlice('\n')
			l.line = append(l.line, part...)
			if len(l.line) > maxLine {
				return nil, errLine
			}
			if err == nil || errors.Is(err, io.EOF) && len(bytes.TrimSpace(l.line)) > 0 {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return nil, err
			}
		}
		if line := bytes.TrimSpace(l.line); len(line) > 0 {
			return line, nil
		}
	}
}
