package watch

import (
	"bytes"
	"strings"
)

// heredoc is a text that begins on the line after its mark and ends with a line that
// says end.
type heredoc struct {
	end    string
	indent bool // the last line may be indented
	more   bool // the last line may go on with code
}

const maxHeredocs = 1000 // of a file without an end: then they are something else

// heredoc notes the mark of one. The rest of its line is code.
func (s *scanner) heredoc(kind special) bool {
	sign := "<<"
	if kind&phpDoc != 0 {
		sign = "<<<"
	}
	if !s.has(sign) || kind&phpDoc == 0 && s.has("<<<") {
		if s.has("<<<") {
			s.at += 3 // a here-string
			return true
		}
		return false
	}
	at := s.at + len(sign)
	doc := heredoc{indent: kind&phpDoc != 0, more: kind&phpDoc != 0}
	if at < s.end && kind&phpDoc == 0 && (s.content[at] == '-' || s.content[at] == '~') {
		doc.indent = true
		at++
	}
	rest := s.content[at:s.end]
	if kind&phpDoc != 0 || kind&shellDoc != 0 {
		rest = bytes.TrimLeft(rest, " \t")
	}
	word, quoted := heredocWord(rest)
	if word == "" || kind&rubyDoc != 0 && !quoted && word != strings.ToUpper(word) {
		return false
	}
	doc.end = word
	s.pending = append(s.pending, doc)
	s.at += len(sign)
	return true
}

// heredocWord reads the word that ends a text, and whether it stands in quotes.
func heredocWord(text []byte) (string, bool) {
	text = bytes.TrimPrefix(text, []byte(`\`))
	if len(text) > 0 && strings.IndexByte("'\"`", text[0]) >= 0 {
		end := bytes.IndexByte(text[1:], text[0])
		if end <= 0 || bytes.IndexByte(text[1:1+end], '\n') >= 0 {
			return "", false
		}
		return string(text[1 : 1+end]), true
	}
	n := 0
	for n < len(text) && wordByte(text[n]) {
		n++
	}
	if n == 0 || '0' <= text[0] && text[0] <= '9' {
		return "", false // a shift
	}
	return string(text[:n]), false
}

// skipHeredocs skips the texts whose marks stood on the line that ends here. One that
// does not end was no text.
func (s *scanner) skipHeredocs() {
	for _, doc := range s.pending {
		from := s.at
		if !s.skipHeredoc(doc) {
			s.at = from
			break
		}
	}
	s.pending = nil
	if s.at < s.end && s.content[s.at] == '\n' {
		s.at++
	}
}

// skipHeredoc goes to the end of the text's last line.
func (s *scanner) skipHeredoc(doc heredoc) bool {
	key := "heredoc " + doc.end
	if s.open[key] || len(s.open) > maxHeredocs {
		return false
	}
	for s.at < s.end {
		begin := s.at + 1
		end := s.end
		if i := bytes.IndexByte(s.content[min(begin, s.end):s.end], '\n'); i >= 0 {
			end = begin + i
		}
		line := string(bytes.TrimRight(s.content[min(begin, end):end], "\r"))
		s.at = end
		if doc.indent {
			line = strings.TrimLeft(line, " \t")
		}
		rest, ok := strings.CutPrefix(line, doc.end)
		if ok && (rest == "" || doc.more && !wordByte(rest[0])) {
			return true
		}
	}
	s.open[key] = true
	return false
}
