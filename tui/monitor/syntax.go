package monitor

import (
	"path"
	"strings"
)

// class is what a byte of source is, for its colour.
type class uint8

const (
	plainText class = iota
	comment
	literal // a string
	number
	keyword
)

// syntax is what the colours of a kind of file need to know. It is no grammar: a diff
// shows parts of files, and has to look right for what is there.
type syntax struct {
	line     []string // what begins a comment up to the end of the line
	open     string   // what begins a comment of several lines, and
	close    string   // ends it
	quotes   string   // one-line strings, with backslash
	raw      string   // what begins and ends a string of several lines
	keywords map[string]bool
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// syntaxOf chooses by a file's name; nil: it is shown as it is.
func syntaxOf(file string) *syntax {
	name := strings.ToLower(path.Base(file))
	ext := strings.TrimPrefix(path.Ext(name), ".")
	switch name {
	case "makefile", "dockerfile", ".gitignore", ".env":
		ext = "sh"
	case "go.mod", "go.work":
		return &syntax{line: []string{"//"}, keywords: words("module go require replace exclude retract toolchain use")}
	}
	switch ext {
	case "go":
		return &syntax{line: []string{"//"}, open: "/*", close: "*/", quotes: `"'`, raw: "`", keywords: words(
			"break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false iota")}
	case "py", "pyi":
		return &syntax{line: []string{"#"}, quotes: `"'`, raw: `"""`, keywords: words(
			"and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield None True False self")}
	case "js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte":
		return &syntax{line: []string{"//"}, open: "/*", close: "*/", quotes: `"'`, raw: "`", keywords: words(
			"abstract as async await break case catch class const continue default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null of private protected public readonly return static super switch this throw true try type typeof undefined var void while yield")}
	case "rs":
		return &syntax{line: []string{"//"}, open: "/*", close: "*/", quotes: `"`, keywords: words(
			"as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while")}
	case "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "java", "kt", "kts", "cs", "swift", "scala", "php", "dart", "m", "proto", "zig", "groovy", "gradle":
		return &syntax{line: []string{"//"}, open: "/*", close: "*/", quotes: `"'`, keywords: words(
			"abstract auto bool boolean break byte case catch char class const constexpr continue data def default delete do double else enum explicit extends extern false final finally float fn for foreach fun func function guard if implements import in include inline int interface internal is let long message namespace new nil null object operator override package private protected public repeated return rpc service short signed sizeof static struct super switch template this throw throws true try typedef typename union unsigned use using val var virtual void volatile when where while with")}
	case "rb":
		return &syntax{line: []string{"#"}, quotes: `"'`, keywords: words(
			"alias and begin break case class def do else elsif end ensure false for if in module next nil not or redo require rescue retry return self super then true undef unless until when while yield")}
	case "sh", "bash", "zsh", "fish", "mk", "ksh":
		return &syntax{line: []string{"#"}, quotes: `"'`, keywords: words(
			"case do done elif else esac exit export fi for function if in local readonly return set shift source then trap unset until while")}
	case "sql":
		return &syntax{line: []string{"--"}, open: "/*", close: "*/", quotes: `"'`, keywords: words(
			"select insert update delete from where join left right inner outer on group by order having limit create alter drop table index view into values set and or not null primary key references as distinct union SELECT INSERT UPDATE DELETE FROM WHERE JOIN LEFT RIGHT INNER OUTER ON GROUP BY ORDER HAVING LIMIT CREATE ALTER DROP TABLE INDEX VIEW INTO VALUES SET AND OR NOT NULL PRIMARY KEY REFERENCES AS DISTINCT UNION")}
	case "lua", "hs", "elm":
		return &syntax{line: []string{"--"}, quotes: `"'`, keywords: words(
			"and break case class data deriving do else elseif end false for function if import in instance let local module nil not of or repeat return then true type until where while")}
	case "yml", "yaml", "toml", "ini", "cfg", "conf", "tf", "hcl", "nix", "r", "pl", "ex", "exs", "jl":
		return &syntax{line: []string{"#"}, quotes: `"'`, keywords: words("true false null yes no on off let in def do end if else for function return sub my use module")}
	case "json", "jsonc", "json5":
		return &syntax{line: []string{"//"}, quotes: `"`, keywords: words("true false null")}
	case "css", "scss", "less":
		return &syntax{open: "/*", close: "*/", quotes: `"'`}
	case "html", "htm", "xml", "svg":
		return &syntax{open: "<!--", close: "-->", quotes: `"`}
	}
	return nil
}

// inside is what a line begins in.
type inside uint8

const (
	code inside = iota
	inComment
	inRaw
)

// classes says what each byte of a line is, and in what the next line begins.
func (s *syntax) classes(line string, in inside) ([]class, inside) {
	out := make([]class, len(line))
	if s == nil {
		return out, code
	}
	set := func(from, to int, c class) int {
		for ; from < to; from++ {
			out[from] = c
		}
		return to
	}
	for i := 0; i < len(line); {
		rest := line[i:]
		switch {
		case in == inComment:
			i, in = s.until(set, line, i, s.close, comment, in)
		case in == inRaw:
			i, in = s.until(set, line, i, s.raw, literal, in)
		case s.commented(rest):
			i = set(i, len(line), comment)
		case s.open != "" && strings.HasPrefix(rest, s.open):
			in, i = inComment, set(i, i+len(s.open), comment)
		case s.raw != "" && strings.HasPrefix(rest, s.raw):
			in, i = inRaw, set(i, i+len(s.raw), literal)
		case strings.IndexByte(s.quotes, line[i]) >= 0:
			i = set(i, i+quotedLen(rest), literal)
		case wordByte(line[i]):
			n := wordLen(rest)
			i = set(i, i+n, s.word(rest[:n]))
		default:
			i++
		}
	}
	return out, in
}

// until colours up to the end of what goes over several lines.
func (s *syntax) until(set func(int, int, class) int, line string, i int, end string, c class, in inside) (int, inside) {
	if n := strings.Index(line[i:], end); n >= 0 {
		return set(i, i+n+len(end), c), code
	}
	return set(i, len(line), c), in
}

func (s *syntax) commented(rest string) bool {
	for _, mark := range s.line {
		if strings.HasPrefix(rest, mark) {
			return true
		}
	}
	return false
}

func (s *syntax) word(w string) class {
	switch {
	case s.keywords[w]:
		return keyword
	case w[0] >= '0' && w[0] <= '9':
		return number
	}
	return plainText
}

// quotedLen is the length of a string that begins with its quote; one without an end is
// only the quote, since that may be an apostrophe.
func quotedLen(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return 1
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func wordLen(text string) int {
	n := 1
	for n < len(text) && wordByte(text[n]) {
		n++
	}
	return n
}
