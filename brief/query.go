package brief

import (
	"path"
	"slices"
	"strings"
)

// query is what the words ask for.
type query struct {
	terms    []asked             // heaviest first
	mentions map[string]*mention // by path
}

// asked is a term of the words.
type asked struct {
	term   term
	text   string  // as it stood there
	weight float64 // about 1 for a word of the first line
}

// mention is a file that the words name.
type mention struct {
	weight float64 // 1: by its path; less: by a name that others share
	lines  []int   // the lines that a stack trace or a compiler states
	order  int     // of the first one in the words
}

// Bounds of the words: a pasted log may hold anything.
const (
	maxWords    = 256 << 10 // bytes that are looked at
	maxAsked    = 80        // terms
	maxMentions = 24        // files
	logFrom     = 4 << 10   // bytes from where on words are taken for a log's
)

// readWords makes the query.
func readWords(text string, t *tree) query {
	text = text[:min(len(text), maxWords)]
	q := query{mentions: map[string]*mention{}}
	weights := map[term]*asked{}
	weight, at := 1.0, 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if at += len(line); trimmed == "" || trailer(trimmed) {
			continue
		}
		if at > logFrom {
			weight = 0.1
		}
		eachWord(trimmed, func(word string, quoted bool) { addWord(weights, word, quoted, weight) })
		weight = min(weight, 0.4) // the first line says what it is about
	}
	for _, a := range weights {
		a.weight = 2 * a.weight / (1 + a.weight)
		q.terms = append(q.terms, *a)
	}
	slices.SortFunc(q.terms, func(a, b asked) int {
		if a.weight != b.weight {
			return descending(a.weight, b.weight)
		}
		return strings.Compare(a.text, b.text)
	})
	q.terms = q.terms[:min(len(q.terms), maxAsked)]
	newMentions(t).find(text, q.mentions)
	return q
}

func descending(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// trailer reports whether a line says who, not what.
func trailer(line string) bool {
	key, value, ok := strings.Cut(line, ": ")
	if !ok || value == "" || !strings.Contains(key, "-") && key != "Cc" && key != "Link" && key != "Closes" {
		return false
	}
	for _, known := range []string{"Signed-off-by", "Co-authored-by", "Reviewed-by", "Acked-by", "Tested-by", "Reported-by", "Change-Id",
		"Reviewed-on", "Helped-by", "Cc", "Link", "PiperOrigin-RevId", "Co-Authored-By", "Suggested-by", "Mentored-by"} {
		if key == known {
			return true
		}
	}
	return false
}

// eachWord calls use for the words of a line that are no part of a web address, and
// says whether they stood in backticks.
func eachWord(line string, use func(word string, quoted bool)) {
	quoted := false
	for i, piece := range strings.Split(line, "`") {
		quoted = i%2 == 1
		for field := range strings.FieldsSeq(piece) {
			if strings.Contains(field, "://") {
				continue
			}
			eachIdent(field, func(start, end int) { use(field[start:end], quoted) })
		}
	}
}

// addWord adds the terms of a word. A whole identifier, and what stands in backticks,
// is meant more exactly than a word of a sentence.
func addWord(weights map[term]*asked, word string, quoted bool, weight float64) {
	pieces := 0
	eachPiece(word, func(string) { pieces++ })
	add := func(text string, w float64) {
		t := termOf(text)
		if t == 0 || common()[t] && !quoted || len(text) < 2 {
			return
		}
		if weights[t] == nil {
			weights[t] = &asked{term: t, text: strings.ToLower(text)}
		}
		weights[t].weight += w
	}
	if quoted {
		weight *= 1.5
	}
	if pieces > 1 {
		add(word, 1.5*weight)
		weight *= 0.7
	}
	eachPiece(word, func(piece string) { add(piece, weight) })
}

// mentions finds files in words.
type mentions struct {
	tree  *tree
	bases map[string][]*file // by the last part of the path, with its ending and without
}

func newMentions(t *tree) *mentions {
	m := &mentions{tree: t, bases: make(map[string][]*file, 2*len(t.files))}
	for _, f := range t.files {
		base := path.Base(f.path)
		m.bases[base] = append(m.bases[base], f)
		if stem := strings.TrimSuffix(base, path.Ext(base)); stem != base && stem != "" {
			m.bases[stem] = append(m.bases[stem], f)
		}
	}
	return m
}

// find notes the files that a text names. Files of later lines count less than the
// first maxMentions.
func (m *mentions) find(text string, into map[string]*mention) {
	order := 0
	fields := strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n`\"'()[]{}<>|,;=*!?", r) })
	var last []*mention
	wantsLine := false
	for field := range fields {
		if wantsLine { // File "x.py", line 12
			if n := number(field); n > 0 {
				note(last, n)
			}
			wantsLine = false
			continue
		}
		if field == "line" && last != nil {
			wantsLine = true
			continue
		}
		last = nil
		if len(field) < 3 || len(field) > 500 || !strings.ContainsAny(field, "./\\") || strings.Contains(field, "://") {
			continue
		}
		name, line := position(field)
		for _, f := range m.resolve(name) {
			known := into[f.file.path]
			if known == nil && len(into) < maxMentions {
				known = &mention{order: order}
				into[f.file.path] = known
				order++
			}
			if known != nil {
				known.weight = max(known.weight, f.weight)
				last = append(last, known)
			}
		}
		note(last, line)
	}
}

func note(found []*mention, line int) {
	for _, m := range found {
		if line > 0 && len(m.lines) < 16 && !slices.Contains(m.lines, line) {
			m.lines = append(m.lines, line)
		}
	}
}

// position takes name:line or name:line:column apart.
func position(field string) (name string, line int) {
	name = strings.TrimRight(field, ".:")
	for range 2 {
		i := strings.LastIndexByte(name, ':')
		if i < 0 {
			break
		}
		n := number(name[i+1:])
		if n <= 0 {
			break
		}
		name, line = name[:i], n
	}
	return name, line
}

// number reads a line number; 0 when it is none.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if !digit(s[i]) || n > 10_000_000 {
			return 0
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

type found struct {
	file   *file
	weight float64
}

// maxSame is how many files one name may stand for.
const maxSame = 3

// resolve returns the files that a name in the words may stand for: the path itself;
// the end of a longer path, as machines print them; the end of a path in the tree;
// a dotted name (package.module, com.example.Class.method).
func (m *mentions) resolve(name string) []found {
	name = strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "./")
	if f := m.tree.byPath[name]; f != nil {
		return []found{{f, 1}}
	}
	for rest := name; ; {
		_, after, more := strings.Cut(rest, "/")
		if !more {
			break
		}
		rest = after
		if f := m.tree.byPath[rest]; f != nil && (strings.Contains(rest, "/") || strings.Count(name, "/") == 1 && (name[0] == 'a' || name[0] == 'b')) {
			return []found{{f, 1}}
		}
	}
	if files := endingIn(m.bases[path.Base(name)], name, false); len(files) > 0 {
		weight := 0.9
		if len(files) > 1 {
			weight = 0.6
		}
		if len(files) > maxSame || path.Ext(name) == "" && !strings.Contains(name, "/") {
			return nil
		}
		return all(files, weight)
	}
	if strings.Contains(name, "/") || strings.Count(name, ".") > 12 {
		return nil
	}
	for dotted := name; strings.Contains(dotted, "."); dotted = dotted[:strings.LastIndexByte(dotted, '.')] {
		slashed := strings.ReplaceAll(dotted, ".", "/")
		if files := endingIn(m.bases[path.Base(slashed)], slashed, true); len(files) > 0 && len(files) <= maxSame {
			return all(files, 0.6)
		}
	}
	return nil
}

func all(files []*file, weight float64) []found {
	list := make([]found, len(files))
	for i, f := range files {
		list[i] = found{f, weight}
	}
	return list
}

// endingIn returns the files whose path, with or without its ending, ends in name.
func endingIn(files []*file, name string, bare bool) (list []*file) {
	for _, f := range files {
		p := f.path
		if bare {
			p = strings.TrimSuffix(p, path.Ext(p))
		}
		if (p == name || strings.HasSuffix(p, "/"+name)) && len(list) <= maxSame {
			list = append(list, f)
		}
	}
	return list
}
