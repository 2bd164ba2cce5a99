package watch

import (
	"bytes"
	"strings"
)

// special is what a family of languages has beyond plain strings.
type special int

const (
	escapes  special = 1 << iota // a backslash outside of strings takes the next sign's meaning
	ticks                        // '"' is a character, 'a a lifetime, 1'000 a number
	slashes                      // /…/ is a regular expression where a value may begin
	template                     // `…${…}…`
	rustRaw                      // r#"…"#
	cppRaw                       // R"x(…)x"
	longs                        // [==[…]==], and the same as comment behind --
	dollars                      // $tag$…$tag$
	shellDoc                     // <<EOF, <<-'EOF'
	rubyDoc                      // <<~EOS; only upper-case words, for << is an operator
	phpDoc                       // <<<EOT
)

// special skips what only some languages have.
func (s *scanner) special(syn *syntax) bool {
	b := s.content[s.at]
	is := func(f special) bool { return syn.special&f != 0 }
	switch {
	case b == '\\' && is(escapes):
		s.at = min(s.at+2, s.end)
		return true
	case b == '\'' && is(ticks):
		return s.tick()
	case b == '/' && is(slashes):
		return s.regexp()
	case b == '`' && is(template):
		return s.template()
	case b == 'r' && is(rustRaw):
		return s.rustRaw()
	case b == 'R' && is(cppRaw):
		return s.cppRaw()
	case b == '$' && is(dollars):
		return s.dollar()
	case b == '<' && is(shellDoc|rubyDoc|phpDoc):
		return s.heredoc(syn.special)
	}
	return false
}

// skipTo goes on behind the sign, or reports that it does not follow.
func (s *scanner) skipTo(from int, sign string) bool {
	i := s.index(from, sign)
	if i < 0 {
		return false
	}
	s.at = i + len(sign)
	return true
}

// tick skips a character between single quotes, and no lifetime or digit's separator.
func (s *scanner) tick() bool {
	if s.at > 0 && wordByte(s.content[s.at-1]) {
		return false
	}
	const longest = 14 // '\U0001F600'
	text := s.rest()
	text = text[:min(len(text), longest)]
	from := 1
	if bytes.HasPrefix(text, []byte(`'\`)) {
		from = 3 // what is escaped may be the quote
	}
	if len(text) <= from {
		return false
	}
	i := bytes.IndexByte(text[from:], '\'')
	if i < 0 || from == 1 && len([]rune(string(text[1:1+i]))) > 1 || bytes.IndexByte(text[:from+i], '\n') >= 0 {
		return false
	}
	s.at += from + i + 1
	return true
}

// regexp skips a regular expression of JavaScript.
func (s *scanner) regexp() bool {
	if !s.valueBegins() {
		return false
	}
	class := false
	for i := s.at + 1; i < s.end; i++ {
		switch s.content[i] {
		case '\n':
			return false
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				s.at = i + 1
				return true
			}
		}
	}
	return false
}

// valueBegins reports whether a value, and no operator, is to be expected here.
func (s *scanner) valueBegins() bool {
	before := bytes.TrimRight(s.content[:s.at], " \t\r\n")
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	if !wordByte(last) {
		return strings.IndexByte("(,=:[!&|?{};+-*%~^", last) >= 0
	}
	for _, word := range []string{"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "yield", "await"} {
		if rest, ok := bytes.CutSuffix(before, []byte(word)); ok && (len(rest) == 0 || !wordByte(rest[len(rest)-1])) {
			return true
		}
	}
	return false
}

// template skips a string of JavaScript that holds expressions, which hold strings.
func (s *scanner) template() bool {
	if s.open["template"] {
		return false
	}
	end := s.templateEnd(s.at+1, 0)
	if end < 0 {
		s.open["template"] = true
		return false
	}
	s.at = end
	return true
}

const deepest = 16 // templates in templates

func (s *scanner) templateEnd(i, depth int) int {
	for ; i < s.end; i++ {
		switch s.content[i] {
		case '\\':
			i++
		case '`':
			return i + 1
		case '$':
			if i+1 < s.end && s.content[i+1] == '{' {
				if i = s.expressionEnd(i+2, depth); i < 0 {
					return -1
				}
				i--
			}
		}
	}
	return -1
}

// expressionEnd is where an expression in a template ends that begins at i.
func (s *scanner) expressionEnd(i, depth int) int {
	for braces := 1; i < s.end; i++ {
		switch b := s.content[i]; b {
		case '{':
			braces++
		case '}':
			if braces--; braces == 0 {
				return i + 1
			}
		case '"', '\'':
			if end := s.quoteEnd(quote{open: string(b), close: string(b), escape: '\\'}, i+1); end >= 0 {
				i = end - 1
			}
		case '`':
			if depth == deepest {
				return -1
			}
			if i = s.templateEnd(i+1, depth+1); i < 0 {
				return -1
			}
			i--
		}
	}
	return -1
}

func (s *scanner) rustRaw() bool {
	if s.at > 0 && wordByte(s.content[s.at-1]) && s.content[s.at-1] != 'b' {
		return false
	}
	rest := s.rest()[1:]
	marks := len(rest) - len(bytes.TrimLeft(rest, "#"))
	if marks == len(rest) || rest[marks] != '"' {
		return false
	}
	return s.skipTo(s.at+marks+2, `"`+strings.Repeat("#", marks))
}

func (s *scanner) cppRaw() bool {
	rest := s.rest()
	if !bytes.HasPrefix(rest, []byte(`R"`)) {
		return false
	}
	tag, _, ok := bytes.Cut(rest[2:min(len(rest), 20)], []byte("("))
	if !ok || bytes.ContainsAny(tag, " \t\n\\)\"") {
		return false
	}
	return s.skipTo(s.at+2+len(tag)+1, ")"+string(tag)+`"`)
}

// long takes Lua's long strings, and long comments, which are the same behind --.
func (s *scanner) long() bool {
	at := s.at
	if s.has("--[") {
		at += 2
	}
	if s.content[at] != '[' {
		return false
	}
	rest := s.content[at+1 : s.end]
	level := len(rest) - len(bytes.TrimLeft(rest, "="))
	if level == len(rest) || rest[level] != '[' {
		return false
	}
	begin := s.at
	sign := "]" + strings.Repeat("=", level) + "]"
	if !s.skipTo(at+level+2, sign) {
		return false
	}
	if at != begin {
		s.found = append(s.found, comment{start: begin, end: s.at, open: at - begin + level + 2, close: len(sign), sign: "--["})
	}
	return true
}

func (s *scanner) dollar() bool {
	rest := s.rest()[1:]
	i := bytes.IndexByte(rest[:min(len(rest), 64)], '$')
	if i < 0 {
		return false
	}
	for j, b := range rest[:i] {
		if !wordByte(b) || j == 0 && '0' <= b && b <= '9' {
			return false
		}
	}
	tag := "$" + string(rest[:i]) + "$"
	return s.skipTo(s.at+len(tag), tag)
}
