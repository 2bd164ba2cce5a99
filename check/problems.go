package check

import (
	"fmt"
	"strings"
)

// problems reads the lines of compilers and linters: "file:12:3: message" as most print,
// "file(12,3): error …" of TypeScript and .NET, "error: …" of rustc and ruff's rules with their arrow, Maven's
// "[ERROR] file:[12,3] …", and the blocks of ESLint under a file's name. Their ids have no
// line numbers; equal messages of a file are counted.
type problems struct {
	file     string // of ESLint's block
	rust     string // rustc's message, whose place comes on the next line
	foreign  bool   // within a part of a test runner's report that quotes places in code
	count    map[string]int
	failures *list
}

func newProblems() *problems { return &problems{count: map[string]int{}, failures: newList()} }

func (p *problems) read(line string) {
	if line == "" {
		p.file, p.rust = "", ""
		return
	}
	switch first := line[0]; {
	case first == ' ' || first == '\t':
		p.indented(line)
		return
	case first == '=' || first == '_' || first == '-':
		p.sections(line)
	}
	if p.foreign || len(line) > 2000 {
		return
	}
	if p.rust = ""; strings.HasPrefix(line, "error") && strings.Contains(line, ": ") || strings.HasPrefix(line, "invalid-syntax: ") || ruffRule(line) {
		p.rust = strings.Clone(line)
		return
	}
	p.file = ""
	line = strings.TrimPrefix(strings.TrimPrefix(line, "vet: "), "[ERROR] ")
	if sourceFile(line) && !strings.Contains(line, " ") {
		p.file = strings.Clone(line)
		return
	}
	if file, message, ok := place(line); ok {
		p.add(file, message, line)
	}
}

// ruffRule reports whether a line is one of ruff's: "F401 [*] `os` imported but unused", whose
// place comes on the next line, as rustc's.
func ruffRule(line string) bool {
	code, message, ok := strings.Cut(line, " ")
	name := strings.TrimRight(code, "0123456789")
	digits := len(code) - len(name)
	return ok && message != "" && digits >= 3 && digits <= 4 && name != "" && len(name) <= 5 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// sections leaves out pytest's and unittest's reports, which quote places at the start of lines.
func (p *problems) sections(line string) {
	if title, ok := ruled(line, '='); ok {
		p.foreign = title == "FAILURES" || title == "ERRORS"
	} else if strings.HasPrefix(line, "====") && strings.Trim(line, "=") == "" {
		p.foreign = false
	}
}

func (p *problems) indented(line string) {
	text := strings.TrimSpace(line)
	if p.rust != "" {
		if at, ok := strings.CutPrefix(text, "--> "); ok {
			if file, _, ok := strings.Cut(at, ":"); ok && sourceFile(file) {
				p.add(file, p.rust, p.rust+"\n"+line)
			}
			p.rust = ""
		}
		return
	}
	if p.file == "" {
		return
	}
	at, rest, ok := strings.Cut(text, " ") // ESLint: "3:5  error  message  rule"
	row, column, both := strings.Cut(at, ":")
	severity, message, said := strings.Cut(strings.TrimSpace(rest), " ")
	if ok && both && said && number(row) && number(column) && severity == "error" {
		p.add(p.file, strings.TrimSpace(message), p.file+":"+at+": "+strings.TrimSpace(message))
	}
}

// place reads the forms with the place in front of the message. Warnings and notes are none.
func place(line string) (file, message string, ok bool) {
	file, message, ok = placeColon(line)
	if !ok {
		file, message, ok = placeBracket(line)
	}
	if !ok || message == "" || !sourceFile(file) {
		return "", "", false
	}
	message = strings.TrimPrefix(message, "- ") // tsc --pretty
	lower := strings.ToLower(message)
	for _, word := range []string{"warning", "note", "info", "hint", "remark", "required from", "in function"} {
		if strings.HasPrefix(lower, word) {
			return "", "", false
		}
	}
	return file, message, true
}

// placeColon reads "file:12: message" and "file:12:3: message".
func placeColon(line string) (file, message string, ok bool) {
	from := 0
	if len(line) > 2 && line[1] == ':' && (line[2] == '\\' || line[2] == '/') {
		from = 2 // C:\…
	}
	i := strings.IndexByte(line[from:], ':')
	if i <= 0 {
		return "", "", false
	}
	file, rest := line[:from+i], line[from+i+1:]
	row, rest, ok := strings.Cut(rest, ":")
	if !ok || !number(row) {
		return "", "", false
	}
	if column, after, ok := strings.Cut(rest, ":"); ok && number(column) {
		return file, strings.TrimSpace(after), true
	}
	if column, after, ok := strings.Cut(rest, " "); ok && number(column) {
		return file, strings.TrimSpace(after), true
	}
	// Without a column it may as well be a program's log, or what grep found.
	rest = strings.TrimSpace(rest)
	lower := strings.ToLower(rest)
	said := strings.HasPrefix(lower, "error") || strings.HasPrefix(lower, "fatal error") || strings.HasPrefix(lower, "syntax error")
	return file, rest, said
}

// placeBracket reads "file(12,3): error TS1: message" and "file:[12,3] message".
func placeBracket(line string) (file, message string, ok bool) {
	i := strings.IndexAny(line, "([")
	if i <= 0 {
		return "", "", false
	}
	end := strings.IndexAny(line[i:], ")]")
	if end < 0 || !number(strings.ReplaceAll(line[i+1:i+end], ",", "")) {
		return "", "", false
	}
	file, rest := line[:i], line[i+end+1:]
	if line[i] == '[' {
		if file, ok = strings.CutSuffix(file, ":"); !ok {
			return "", "", false
		}
		return file, strings.TrimSpace(rest), true
	}
	rest, ok = strings.CutPrefix(rest, ": ")
	if i := strings.LastIndex(rest, " ["); i > 0 && strings.HasSuffix(rest, "proj]") {
		rest = rest[:i] // .NET names the project, and prints the line once for each
	}
	return file, rest, ok
}

// sourceEnd reports whether an ending is that of a language that has compilers or linters.
func sourceEnd(ext string) bool {
	switch ext {
	case "go", "py", "pyi", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "rs", "java", "kt", "kts", "scala", "c",
		"h", "cc", "cpp", "cxx", "hpp", "hh", "cs", "fs", "rb", "php", "swift", "m", "mm", "zig", "sh", "bash", "yaml", "yml", "toml",
		"json", "md", "css", "scss", "html", "proto", "sql", "tf", "lua", "ex", "exs", "dart", "hs", "ml":
		return true
	}
	return false
}

// sourceFile reports whether a text is the path of a file of source.
func sourceFile(s string) bool {
	i := strings.LastIndexByte(s, '.')
	return i > 0 && len(s) < 300 && !strings.ContainsAny(s, " \t\"'`<>|*?=,;()") && !strings.Contains(s, "://") && sourceEnd(s[i+1:])
}

func (p *problems) add(file, message, text string) {
	file = strings.TrimPrefix(strings.ReplaceAll(file, "\\", "/"), "./")
	id := tidy(file + ": " + normal(message))
	if len(p.count) >= maxOpen {
		p.failures.more++
		return
	}
	p.count[id]++
	if n := p.count[id]; n > 1 {
		id = fmt.Sprintf("%s (%d)", cut(id, maxID-12), n)
	}
	if e, fresh := p.failures.add(id); fresh {
		e.problem = true
		for line := range strings.SplitSeq(text, "\n") {
			e.block.add(line)
		}
	}
}

func (p *problems) report() report {
	if len(p.failures.all) == 0 {
		return report{}
	}
	return report{name: "problems", failures: p.failures}
}
