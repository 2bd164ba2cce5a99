package agent

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Query is a Filter with the columns to show, as people write it:
//
//	state:done verdict:verified,unverified repo:api group:web label:nightly
//	maker:ollama/qwen3 sort:-cost limit:20 columns:id,verdict,title parser
//
// Words without a key are looked for in titles. A value that holds blanks stands in
// double quotes. Values of one key with commas are alternatives, but for labels, all
// of which a job must have; a key given twice adds to the first.
type Query struct {
	Filter
	Columns []string // empty: the usual ones
}

// QueryKeys are the keys of a query.
func QueryKeys() []string {
	return []string{"state", "verdict", "repo", "group", "label", "maker", "sort", "limit", "columns"}
}

// ParseQuery reads a query. An Invalid error names the word that makes no sense, and
// its hint what would.
func ParseQuery(text string) (Query, error) {
	var q Query
	words, err := queryWords(text)
	if err != nil {
		return q, err
	}
	for _, w := range words {
		if !w.keyed {
			q.Words = append(q.Words, w.value)
		} else if err := q.set(w.key, w.value); err != nil {
			return q, err
		}
	}
	check := q.Filter
	return q, check.Validate()
}

func (q *Query) set(key, value string) error {
	if value == "" {
		return Errorf(Invalid, "%s: names nothing", key).WithHint("as in " + queryExample(key))
	}
	list := strings.Split(value, ",")
	switch key {
	case "state":
		for _, v := range list {
			q.States = append(q.States, State(v))
		}
	case "verdict":
		for _, v := range list {
			q.Verdicts = append(q.Verdicts, Verdict(strings.ReplaceAll(v, "-", "_")))
		}
	case "repo":
		if strings.HasPrefix(value, "/") {
			q.Repo = value
		} else {
			q.Name = value
		}
	case "group":
		q.Groups = append(q.Groups, list...)
	case "label":
		q.Labels = append(q.Labels, list...)
	case "maker":
		q.Makers = append(q.Makers, list...)
	case "sort":
		return q.setSort(value)
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxLimit {
			return Errorf(Invalid, "limit:%s is not a number of 1 to %d", value, MaxLimit)
		}
		q.Limit = n
	case "columns":
		q.Columns = append(q.Columns, list...)
	default:
		return Errorf(Invalid, "a query has no key %q", key).
			WithHint("keys are " + strings.Join(QueryKeys(), ", ") + `; to look for the text itself: "\"` + key + ":" + value + `\""`)
	}
	return nil
}

// setSort reads "cost" or "-cost": with the dash, highest first.
func (q *Query) setSort(value string) error {
	name, descending := strings.CutPrefix(value, "-")
	q.Sort, q.Oldest = Sort(name), !descending
	if name == "id" {
		q.Sort = SortID
	} else if !slices.Contains(Sorts(), q.Sort) {
		return Errorf(Invalid, "jobs are not sorted by %q", name).WithHint("by one of id, " + joinSorts() + "; highest first with a dash: sort:-created")
	}
	if q.Sort == SortVerdict || q.Sort == SortRepo {
		q.Oldest = descending // the first is the lowest here: the best verdict, the letter a
	}
	return nil
}

func queryExample(key string) string {
	return map[string]string{
		"state": "state:queued", "verdict": "verdict:verified", "repo": "repo:api", "group": "group:web", "label": "label:nightly",
		"maker": "maker:claude", "sort": "sort:-created", "limit": "limit:20", "columns": "columns:id,verdict,title",
	}[key]
}

type queryWord struct {
	key, value string
	keyed      bool
}

// queryWords cuts a query at blanks outside of double quotes. A colon makes a key only
// where what is before it is a word outside of quotes.
func queryWords(text string) (words []queryWord, err error) {
	var b strings.Builder
	var w queryWord
	some, quoted, wasQuoted := false, false, false
	flush := func() {
		if some {
			w.value = b.String()
			words = append(words, w)
		}
		b.Reset()
		w, some, wasQuoted = queryWord{}, false, false
	}
	for _, r := range text {
		switch {
		case r == '"':
			quoted, some, wasQuoted = !quoted, true, true
		case quoted:
			b.WriteRune(r)
		case unicode.IsSpace(r):
			flush()
		case r == ':' && !w.keyed && !wasQuoted && isKey(b.String()):
			w.key, w.keyed = strings.ToLower(b.String()), true
			b.Reset()
		default:
			b.WriteRune(r)
			some = true
		}
		some = some || w.keyed
	}
	if quoted {
		return nil, Errorf(Invalid, "a quotation mark in the query has no partner")
	}
	flush()
	return words, nil
}

func isKey(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz") == ""
}
