package patch

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// The names that tools give to the fields of an edit.
var (
	keysPath    = []string{"path", "file_path", "filePath", "filepath", "file", "filename", "target_file", "relative_path"}
	keysFind    = []string{"search", "old_string", "oldString", "old_str", "old_text", "oldText", "old", "find", "SEARCH", "original"}
	keysPut     = []string{"replace", "new_string", "newString", "new_str", "new_text", "newText", "new", "replacement", "REPLACE", "updated"}
	keysContent = []string{"content", "contents", "file_text", "new_content", "code", "text"}
	keysAll     = []string{"replace_all", "replaceAll", "all", "allow_multiple"}
	keysInsert  = []string{"insert_line", "insertLine"}
	keysList    = []string{"edits", "changes", "files", "operations", "patches", "replacements", "tool_calls", "content"}
	keysCall    = []string{"input", "arguments", "args", "parameters", "function"}
)

// looksJSON returns the line at which JSON with edits begins; -1: there is none.
func (r *reader) looksJSON() int {
	text, line := r.jsonText()
	has := func(keys []string) bool {
		return slices.ContainsFunc(keys, func(key string) bool {
			return strings.Contains(text, `"`+key+`"`) || strings.Contains(text, `\"`+key+`\"`)
		})
	}
	if has(keysFind) || has(keysPut) || has(keysContent) && (r.target != "" || has(keysPath)) {
		return line
	}
	return -1
}

// jsonText returns the JSON in the text: all of it, or what a fence holds, or what
// begins at the first line that opens a list or an object.
func (r *reader) jsonText() (text string, line int) {
	var b strings.Builder
	var open fence
	in := false
	for i := range r.lines {
		l := r.line(i)
		if f, ok := fenceOf(l); ok && !in && open.length == 0 {
			open = f
			continue
		}
		if in && open.length > 0 && open.closes(l) {
			break
		}
		if !in {
			t := strings.TrimLeft(l, " \t")
			if t == "" {
				continue
			}
			if t[0] != '{' && t[0] != '[' {
				if open.length > 0 && open.closes(l) {
					open = fence{}
				}
				continue
			}
			if !startsJSON(t) {
				return "", 0
			}
			in, line = true, i
		}
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.String(), line
}

// startsJSON reports whether t begins as a JSON list or object does.
func startsJSON(t string) bool {
	rest := strings.TrimLeft(t[1:], " \t")
	return rest == "" || strings.ContainsRune("{[\"", rune(rest[0]))
}

// json reads edits written as JSON values.
func (r *reader) json() *Error {
	text, line := r.jsonText()
	d := json.NewDecoder(strings.NewReader(text))
	n := 0
	for d.More() {
		var v any
		err := d.Decode(&v)
		if err != nil && n == 0 {
			if err = json.Unmarshal(escapeRaw(text), &v); err == nil {
				return r.jsonValue(v, "", line)
			}
		}
		if err != nil {
			if rest := strings.TrimSpace(text[d.InputOffset():]); n > 0 && rest != "" && rest[0] != '{' && rest[0] != '[' {
				break // prose after the JSON
			}
			return errAt(Malformed, line+1, "the text is no JSON: %v", err)
		}
		n++
		if err := r.jsonValue(v, "", line); err != nil {
			return err
		}
	}
	if n == 0 {
		return errAt(Empty, 0, "no JSON in the text")
	}
	return nil
}

// escapeRaw escapes the line breaks and tabs that stand raw within JSON strings.
func escapeRaw(text string) []byte {
	var b bytes.Buffer
	in := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && in && i+1 < len(text):
			b.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			in = !in
		case c == '\n' && in:
			b.WriteString(`\n`)
			continue
		case c == '\t' && in:
			b.WriteString(`\t`)
			continue
		}
		b.WriteByte(c)
	}
	return b.Bytes()
}

const maxNested = 16 // levels of JSON around an edit

// jsonValue finds the edits in a value. A path applies to all that lies within.
func (r *reader) jsonValue(v any, path string, line int) *Error {
	return r.jsonWithin(v, path, line, 0)
}

func (r *reader) jsonWithin(v any, path string, line, depth int) *Error {
	if depth > maxNested {
		return errAt(Malformed, line+1, "the JSON is nested too deep")
	}
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if err := r.jsonWithin(one, path, line, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		return r.jsonObject(v, path, line, depth)
	case string: // arguments as a string of JSON
		var inner any
		if json.Unmarshal([]byte(v), &inner) == nil {
			if _, ok := inner.(string); !ok {
				return r.jsonWithin(inner, path, line, depth+1)
			}
		}
	}
	return errAt(Malformed, line+1, "the JSON has a value that is no edit")
}

func (r *reader) jsonObject(v map[string]any, path string, line, depth int) *Error {
	if name, ok := field[string](v, keysPath); ok {
		path = name
	}
	find, hasFind := field[string](v, keysFind)
	put, hasPut := field[string](v, keysPut)
	content, hasContent := field[string](v, keysContent)
	insert, hasInsert := field[float64](v, keysInsert)
	if path == "" && (hasFind || hasPut || hasContent) {
		if path = r.target; path == "" {
			return errAt(Malformed, line+1, "an edit of the JSON names no file")
		}
	}
	switch {
	case hasInsert && (hasPut || hasContent):
		if !hasPut {
			put = content
		}
		if insert < 1 || insert != float64(int(insert)) || insert > maxNumber {
			return errAt(Malformed, line+1, "an edit of %s is to be inserted at line %v, and lines begin at 1", show(path), insert)
		}
		f := r.file(path)
		f.edits = append(f.edits, (&edit{line: line + 1, lines: plusLines(put), insert: int(insert)}).prepare())
		return nil
	case hasFind && hasPut:
		return r.jsonEdit(path, find, put, v, line)
	case hasContent && path != "":
		r.replaceFile(path, content, line, false)
		return nil
	case hasPut && path != "":
		r.jsonCreate(path, put, line)
		return nil
	}
	for _, keys := range [...][]string{keysCall, keysList} {
		for _, key := range keys {
			if inner, ok := v[key]; ok {
				return r.jsonWithin(inner, path, line, depth+1)
			}
		}
	}
	return errAt(Malformed, line+1, "the JSON has an object that is no edit: it needs a path, and either search and replace or content")
}

// field returns the first of several keys whose value is a T.
func field[T any](v map[string]any, keys []string) (T, bool) {
	for _, key := range keys {
		if value, ok := v[key].(T); ok {
			return value, true
		}
	}
	var zero T
	return zero, false
}

// jsonEdit makes the edit that replaces find by put.
func (r *reader) jsonEdit(path, find, put string, v map[string]any, line int) *Error {
	if find == put {
		return errAt(Empty, line+1, "an edit of %s changes nothing", show(path))
	}
	if find == "" {
		r.jsonCreate(path, put, line)
		return nil
	}
	find, put = strings.ReplaceAll(find, "\r\n", "\n"), strings.ReplaceAll(put, "\r\n", "\n")
	e := &edit{line: line + 1, find: find, put: put, raw: true}
	e.all, _ = field[bool](v, keysAll)
	bare, cut := strings.CutSuffix(find, "\n")
	fresh := put
	if cut {
		fresh = strings.TrimSuffix(put, "\n")
	}
	if bare == fresh { // only the newline at the end is meant, and with it an empty line
		bare = find
	}
	var new []editLine
	if put != "" {
		new = linesOf(fresh)
	}
	e.lines = diffPieces(linesOf(bare), new)
	f := r.file(path)
	f.edits = append(f.edits, e.prepare())
	return nil
}

func (r *reader) jsonCreate(path, text string, line int) {
	r.files = append(r.files, File{
		Op: Create, New: path, NewMode: ModeFile, line: line + 1, fill: true,
		edits: []*edit{(&edit{line: line + 1, lines: plusLines(text)}).prepare()},
	})
}

// linesOf splits a text at its line breaks; what follows the last one is a line, too.
func linesOf(text string) []editLine {
	var lines []editLine
	for part := range strings.SplitSeq(text, "\n") {
		plain, cr := strings.CutSuffix(part, "\r")
		lines = append(lines, editLine{text: plain, cr: cr})
	}
	return lines
}

// plusLines returns the lines of a text to add; without a newline at its end the last
// one is open.
func plusLines(text string) []editLine {
	bare, closed := strings.CutSuffix(text, "\n")
	lines := linesOf(bare)
	for i := range lines {
		lines[i].op = '+'
	}
	if n := len(lines); !closed && n > 0 {
		lines[n-1].open = true
	}
	return lines
}
