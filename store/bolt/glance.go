package bolt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"codeagent.dev/agent"
)

// To decode a row takes some ten times as long as to find a field in it, and a search
// goes through all of them. So it looks at the fields where they stand: encodeRow writes
// the spec before all else of the job, and the variants after what it sums them up to.
// A quotation mark within a text is escaped there, so that what looks like a field's
// name is one.

// glance returns as much of the job in a row as f orders jobs by. ok is false for a row
// that has to be decoded.
func glance(f *agent.Filter, id agent.ID, row []byte) (j *agent.Job, ok bool) {
	spec, rest, found := bytes.Cut(row, []byte(`,"state":"`))
	head, variants, more := bytes.Cut(rest, []byte(`"variants":[`))
	state, head, closed := bytes.Cut(head, []byte{'"'})
	if !found || !more || !closed {
		return nil, false
	}
	j = &agent.Job{ID: id, State: agent.State(state)}
	switch f.Sort {
	case agent.SortPriority:
		if value := after(spec, `"priority":`); value != nil {
			j.Spec.Priority = int(integer(value))
		}
	case agent.SortRepo:
		if j.Spec.Repo, ok = text(after(spec, `"repo":`)); !ok {
			return nil, false
		}
	case agent.SortVerdict:
		if value := after(head, `"verdict":`); value != nil {
			verdict, _ := text(value)
			j.Verdict = agent.Verdict(verdict)
		}
	case agent.SortCost:
		var sum int64
		for value := after(variants, `"micro_usd":`); value != nil; value = after(value, `"micro_usd":`) {
			sum += integer(value)
		}
		j.Variants = []agent.Variant{{Usage: agent.Usage{MicroUSD: sum}}}
	default:
		created, _ := text(after(head, `"created":`))
		if err := j.Created.UnmarshalText([]byte(created)); err != nil {
			return nil, false
		}
		if ended, ok := text(after(head, `"ended":`)); ok && j.Ended.UnmarshalText([]byte(ended)) != nil {
			return nil, false
		}
	}
	return j, true
}

// mayMatch is false for a row that f does not choose. For others it can be true by
// mistake.
func mayMatch(f *agent.Filter, row []byte) bool {
	if len(f.Words) > 0 && !holdsAll(after(row, `"title":`), f.Words) ||
		f.Name != "" && !holdsAll(after(row, `"repo":`), []string{f.Name}) {
		return false
	}
	for _, label := range f.Labels {
		if !bytes.Contains(row, literal(label)) {
			return false
		}
	}
	some := func(name string) bool { return name == agent.DefaultGroup || bytes.Contains(row, literal(name)) }
	return (len(f.Groups) == 0 || slices.ContainsFunc(f.Groups, some)) &&
		(len(f.Makers) == 0 || slices.ContainsFunc(f.Makers, some))
}

// holdsAll reports whether the text at the beginning of value has all these words in it,
// in any case. One that cannot be read may have.
func holdsAll(value []byte, words []string) bool {
	title, ok := text(value)
	title = strings.ToLower(title)
	return !ok || !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(title, strings.ToLower(w)) })
}

// after returns what follows a field's name, nil when it is not there.
func after(row []byte, name string) []byte {
	if i := bytes.Index(row, []byte(name)); i >= 0 {
		return row[i+len(name):]
	}
	return nil
}

// text reads the text at the beginning of value.
func text(value []byte) (s string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			if literal := value[:i+1]; bytes.IndexByte(literal, '\\') >= 0 {
				return s, json.Unmarshal(literal, &s) == nil
			}
			return string(value[1:i]), true
		}
	}
	return "", false
}

// literal is a text as a row has it.
func literal(s string) []byte {
	value, _ := json.Marshal(s) // a text always can be
	return value
}

// integer reads the number at the beginning of value.
func integer(value []byte) int64 {
	end := bytes.IndexAny(value, ",}")
	n, _ := strconv.ParseInt(string(value[:max(end, 0)]), 10, 64)
	return n
}
