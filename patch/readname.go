package patch

import "strings"

// nameIn returns the path that a line names; empty if it names none. A path that the
// tree has may stand among words; another one must be all of the line, apart from the
// signs people put around it.
func (r *reader) nameIn(line string) string {
	t := undecorated(line)
	if t == "" {
		return ""
	}
	if r.known(t) {
		return t
	}
	if looksPath(t) {
		return t
	}
	rest := line
	for { // a quoted path that is there, or looks like one
		_, after, ok := strings.Cut(rest, "`")
		if !ok {
			return ""
		}
		name, tail, ok := strings.Cut(after, "`")
		if !ok {
			return ""
		}
		if r.known(name) {
			return name
		}
		rest = tail
	}
}

// undecorated strips what people put around a file name.
func undecorated(line string) string {
	t := strings.TrimSpace(line)
	for _, sign := range [...]string{"//", "/*", "<!--", "--", "#", ";"} {
		if rest, ok := strings.CutPrefix(t, sign); ok {
			t = strings.TrimLeft(rest, "# ")
			break
		}
	}
	t = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(t), "*/"), "-->")
	t = strings.TrimSpace(t)
	for _, word := range [...]string{"File:", "file:", "FILE:", "Filename:", "filename:", "Path:", "path:", "File", "In", "**File:**"} {
		if rest, ok := strings.CutPrefix(t, word+" "); ok {
			t = strings.TrimSpace(rest)
			break
		}
	}
	t = strings.TrimRight(t, " \t")
	for {
		before := t
		t = strings.TrimSuffix(t, ":")
		t = strings.Trim(t, "*`\"'")
		if len(t) > 2 && t[0] == '[' && t[len(t)-1] == ']' {
			t = t[1 : len(t)-1]
		}
		if t == before {
			break
		}
	}
	if i := strings.LastIndexByte(t, ':'); i > 0 && strings.Trim(t[i+1:], "0123456789-") == "" { // path:12
		t = t[:i]
	}
	return strings.TrimSpace(t)
}

// looksPath reports whether a text is written like a path: no blanks, and a slash or
// an extension.
func looksPath(t string) bool {
	if t == "" || len(t) > MaxPath || strings.ContainsAny(t, " \t<>|*?\"`(){}[];,") || strings.HasPrefix(t, "...") {
		return false
	}
	if strings.Contains(t, "://") {
		return false
	}
	base := t[strings.LastIndexAny(t, `/\`)+1:]
	dot := strings.LastIndexByte(base, '.')
	if dot >= 0 && dot < len(base)-1 && len(base)-dot <= 12 && base != "." && base != ".." {
		return strings.Trim(base[dot+1:], "0123456789") != "" || strings.ContainsAny(t, `/\`)
	}
	return strings.ContainsAny(t, `/\`) && telling(base) > 0 || t == "Makefile" || t == "Dockerfile" || t == "LICENSE" || t == "README"
}

// fenceName returns the path in a fence's info: ```python src/a.py, ```go:src/a.go.
func (r *reader) fenceName(f fence) string {
	for word := range strings.FieldsSeq(f.info) {
		for _, key := range [...]string{"title=", "file=", "filename=", "path="} {
			word = strings.TrimPrefix(word, key)
		}
		word = strings.Trim(word, "\"'{}")
		if lang, after, ok := strings.Cut(word, ":"); ok && !strings.ContainsAny(lang, "/.") && (r.known(after) || looksPath(after)) {
			return after
		}
		if r.known(word) || looksPath(word) {
			return word
		}
	}
	return ""
}
