package brief

import "strings"

// Def is a name that a file defines.
type Def struct {
	Name string
	Line int // from 1
	Top  bool
}

// Bounds of a scan.
const (
	maxDefs    = 400 // definitions kept of one file
	maxDefLine = 400 // bytes of a line that is looked at
	maxDefName = 100 // bytes
)

// scan finds what a text defines, line by line. It knows the words that definitions
// begin with and no grammar: it misses some and takes some in comments for real,
// which costs a map little.
func scan(text string, lang *language) []Def {
	if lang.find == nil {
		return nil
	}
	var defs []Def
	number, fenced := 0, false
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		body := strings.TrimLeft(line, " \t")
		if lang.prose && (strings.HasPrefix(body, "```") || strings.HasPrefix(body, "~~~")) {
			fenced = !fenced
		}
		if len(body) < 2 || len(line) > maxDefLine || fenced {
			continue
		}
		indent := len(line) - len(body)
		name := lang.find(lang, body, indent)
		if name == "" || len(name) > maxDefName {
			continue
		}
		if len(defs) > 0 && defs[len(defs)-1].Name == name {
			continue // an overload, or a function's types above it
		}
		if defs = append(defs, Def{name, number, indent == 0}); len(defs) == maxDefs {
			break
		}
	}
	return defs
}

// word takes a word of identifier bytes, and of those in more, off the front of s.
func word(s, more string) (w, rest string) {
	i := 0
	for i < len(s) && (wordByte(s[i]) || strings.IndexByte(more, s[i]) >= 0) {
		i++
	}
	return s[:i], s[i:]
}

// byKeyword finds what is defined with a word in front: after any modifiers comes a
// keyword, and then the name.
func byKeyword(l *language, line string, indent int) string {
	rest := line
	for range 8 {
		w, after := word(rest, "!")
		if w == "" {
			if skipped, ok := skipBrackets(rest); ok { // pub(crate), #[attribute], @Annotation
				rest = skipped
				continue
			}
			return ""
		}
		after = strings.TrimLeft(after, " \t*&")
		switch {
		case l.keywords[w] != 0:
			if l.keywords[w] == atTop && indent > 0 {
				return ""
			}
			name, tail := word(after, l.more)
			if name == "" || l.keywords[name] != 0 && l.keywords[w] != atTop {
				rest = after // enum class, data class, case class
				continue
			}
			if l.assigned[w] && !assignsFunction(tail) && indent > 0 {
				return ""
			}
			return strings.Trim(name, ".:?!")
		case l.modifiers[w]:
			rest = after
		default:
			return l.otherwise(line, indent)
		}
	}
	return ""
}

// otherwise is the language's second way to define, if it has one.
func (l *language) otherwise(line string, indent int) string {
	if l.second == nil {
		return ""
	}
	return l.second(line, indent)
}

// skipBrackets takes a bracket with what is in it off the front of s, and an @ or #
// before it.
func skipBrackets(s string) (string, bool) {
	t := strings.TrimLeft(s, "@#")
	if t == "" {
		return "", false
	}
	end := map[byte]string{'(': ")", '[': "]", '<': ">"}[t[0]]
	if end == "" {
		return "", false
	}
	i := strings.Index(t, end)
	if i < 0 {
		return "", false
	}
	return strings.TrimLeft(t[i+1:], " \t"), true
}

// assignsFunction reports whether what follows a name makes it a function's: a
// constant inside of a function is nobody's definition.
func assignsFunction(tail string) bool {
	return strings.Contains(tail, "=>") || strings.Contains(tail, "function")
}

// goDef knows Go's methods: their receiver stands before the name.
func goDef(l *language, line string, indent int) string {
	rest, ok := strings.CutPrefix(line, "func (")
	if !ok || indent > 0 {
		return byKeyword(l, line, indent)
	}
	recv, rest, ok := strings.Cut(rest, ")")
	if !ok {
		return ""
	}
	name, _ := word(strings.TrimLeft(rest, " "), "")
	typ := recv[strings.LastIndexAny(recv, " *")+1:]
	typ, _ = word(typ, "")
	if name == "" || typ == "" {
		return name
	}
	return typ + "." + name
}

// method finds what C and its descendants define without a keyword: a name before a
// bracket, on a line that ends no statement. At most two levels deep; deeper it is a
// call.
func method(line string, indent int) string {
	open := strings.IndexByte(line, '(')
	if open <= 0 || indent > 8 || strings.HasSuffix(line, ";") || strings.HasSuffix(line, ",") || line[0] == '*' || line[0] == '/' {
		return ""
	}
	head := strings.TrimRight(line[:open], " ")
	if strings.ContainsAny(head, "=.\"'+-?!|;{}") && !strings.Contains(head, "operator") {
		return ""
	}
	start := len(head)
	for start > 0 && (wordByte(head[start-1]) || head[start-1] == ':' || head[start-1] == '~') {
		start--
	}
	name := head[start:]
	first, _ := word(head, "")
	if name == "" || notDefined(name) || notDefined(first) || digit(name[0]) {
		return ""
	}
	if start == 0 && (indent == 0 || !strings.HasSuffix(line, "{")) {
		return "" // a call, or a macro; with a brace a constructor, or a method of JavaScript
	}
	return strings.Trim(name, ":")
}

// notDefined reports whether a word before a bracket is no name of a definition.
func notDefined(w string) bool {
	switch w {
	case "if", "for", "while", "switch", "return", "else", "catch", "throw", "new", "do", "try", "sizeof", "case", "await", "yield",
		"foreach", "using", "lock", "when", "with", "function", "defined", "assert", "delete", "elif", "super", "this", "describe", "it",
		"test", "expect", "require", "import", "goto", "default":
		return true
	}
	return false
}

// script is method, and what JavaScript assigns functions to: exports.x, X.prototype.y.
func script(line string, indent int) string {
	if name, rest := word(line, ".$"); strings.Contains(name, ".") && strings.HasPrefix(strings.TrimLeft(rest, " "), "=") && assignsFunction(rest) {
		return strings.TrimPrefix(strings.TrimPrefix(name, "module."), "exports.")
	}
	if indent == 0 {
		return ""
	}
	return method(line, indent)
}

// cDef is a definition of C or C++: a keyword's, a #define, or a function.
func cDef(l *language, line string, indent int) string {
	if rest, ok := strings.CutPrefix(line, "#"); ok {
		if rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t"), "define "); ok {
			name, _ := word(rest, "")
			return name
		}
		return ""
	}
	if strings.HasSuffix(line, ";") && !strings.HasPrefix(line, "typedef") {
		return ""
	}
	if strings.Contains(line, "(") {
		if indent > 4 {
			return ""
		}
		return method(line, indent)
	}
	return byKeyword(l, line, indent)
}

// shellDef is "name() {" or "function name".
func shellDef(_ *language, line string, _ int) string {
	if rest, ok := strings.CutPrefix(line, "function "); ok {
		name, _ := word(strings.TrimLeft(rest, " "), "-:.")
		return name
	}
	name, rest := word(line, "-:.")
	if rest = strings.TrimLeft(rest, " "); strings.HasPrefix(rest, "()") {
		return name
	}
	return ""
}

// headings are those of Markdown: a line of # and a title.
func headings(_ *language, line string, indent int) string {
	title := strings.TrimLeft(line, "#")
	if n := len(line) - len(title); n == 0 || n > 3 || indent > 3 || !strings.HasPrefix(title, " ") {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(title, "# "))
}

// targets are a makefile's.
func targets(_ *language, line string, indent int) string {
	name, rest := word(line, "-./")
	if indent > 0 || !strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, ":=") || strings.HasPrefix(name, ".") {
		return ""
	}
	return name
}
