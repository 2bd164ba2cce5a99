package monitor

import (
	"slices"
	"strings"
	"unicode"
)

// query is what the list is filtered by, in the language of agent.ParseQuery. It is read
// while it is typed, so that beginnings of values match as well; what a finished query
// chooses, it chooses too. A dash before a word or a key leaves out what matches, and a
// word may be a job's id.
type query struct {
	text  string
	words []string
	not   []string
	keys  []clause
}

// clause is one `key:a,b`, or with no set `-key:a,b`.
type clause struct {
	key    string
	values []string
	no     bool
}

// queryKeys are the keys that a filter knows, and what they look at. Those of a query
// that say nothing of a job (sort, limit, columns) choose all.
var queryKeys = map[string]func(r *row, value string) bool{
	"state":   func(r *row, v string) bool { return strings.HasPrefix(string(r.state), v) },
	"verdict": func(r *row, v string) bool { return strings.HasPrefix(r.says, v) },
	"repo":    func(r *row, v string) bool { return strings.Contains(r.path, v) },
	"group":   func(r *row, v string) bool { return strings.HasPrefix(r.group, v) },
	"label":   func(r *row, v string) bool { return strings.Contains(r.labels, "\x00"+v) },
	"maker":   func(r *row, v string) bool { return strings.Contains(r.makers, "\x00"+v) },
	"text":    func(r *row, v string) bool { return strings.Contains(r.hay, v) },
	"sort":    all,
	"limit":   all,
	"columns": all,
}

func all(*row, string) bool { return true }

// parseQuery reads a filter. Everything is a filter: a key that is not known, or that
// has no value yet, is a word like others, because people see the result as they type.
func parseQuery(text string) query {
	q := query{text: text}
	for _, word := range queryWords(strings.ToLower(text)) {
		bare := strings.TrimPrefix(word, "-")
		no := bare != word && bare != ""
		key, value, found := strings.Cut(bare, ":")
		switch {
		case found && queryKeys[key] != nil && value == "":
		case found && queryKeys[key] != nil:
			if key == "verdict" {
				value = strings.NewReplacer("_", " ", "-", " ").Replace(value)
			}
			q.add(clause{key, strings.Split(strings.TrimSuffix(value, ","), ","), no})
		case no:
			q.not = append(q.not, bare)
		default:
			q.words = append(q.words, word)
		}
	}
	return q
}

// add takes a clause in. Values of a key that is named twice add up, as if they stood in
// one list: state:queued state:running chooses both. Labels and texts are each wanted.
func (q *query) add(c clause) {
	for i := range q.keys {
		if old := &q.keys[i]; old.key == c.key && old.no == c.no && c.key != "label" && c.key != "text" {
			old.values = append(old.values, c.values...)
			return
		}
	}
	q.keys = append(q.keys, c)
}

// queryWords cuts at blanks outside of quotes, and takes the quotes away.
func queryWords(text string) []string {
	quoted := false
	words := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && unicode.IsSpace(r)
	})
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], `"`, "")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

func (q *query) empty() bool { return len(q.words)+len(q.not)+len(q.keys) == 0 }

func (q *query) matches(r *row) bool {
	for _, w := range q.words {
		if !strings.Contains(r.hay, w) {
			return false
		}
	}
	for _, w := range q.not {
		if strings.Contains(r.hay, w) {
			return false
		}
	}
	for _, c := range q.keys {
		if c.met(r) == c.no {
			return false
		}
	}
	return true
}

// met reports whether one of the values matches, or for labels, all of them.
func (c *clause) met(r *row) bool {
	look := queryKeys[c.key]
	for _, v := range c.values {
		if look(r, v) != (c.key == "label") {
			return c.key != "label"
		}
	}
	return c.key == "label"
}

// narrows reports whether q can only match what old matches: its text goes on where
// old's ends, and in a word of the plain kind.
func (q *query) narrows(old query) bool {
	if old.empty() || !strings.HasPrefix(q.text, old.text) || len(q.keys) != len(old.keys) || len(q.not) != len(old.not) {
		return false
	}
	for i, c := range q.keys {
		if !slices.Equal(c.values, old.keys[i].values) {
			return false
		}
	}
	return slices.Equal(q.not, old.not)
}
