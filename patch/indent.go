package patch

import "strings"

// indents says how the indentation of an edit maps to that of the file: what the old
// lines have in the text, and what the lines they matched have in the file.
type indents struct {
	pairs []indentPair
	bare  bool // context without markers is one blank short
}

type indentPair struct {
	at         int // index in the edit's lines
	text, file string
	weak       bool // the line is a bracket or an `end`
}

// pairs returns the indentation of the matched lines that are not blank.
func (s *source) pairs(p *spot) indents {
	var in indents
	e := p.read
	for i, k := range e.at {
		row := p.row(i)
		if row < 0 || isBlankLine(e.old[i]) || isBlankLine(s.lines[row]) {
			continue
		}
		in.pairs = append(in.pairs, indentPair{
			at: k, text: indentOf(e.old[i]), file: indentOf(s.lines[row]), weak: isWeak(e.old[i]),
		})
		in.bare = in.bare || e.lines[k].bare
	}
	return in
}

// functional reports whether equal indentation in the text is equal in the file.
func (in indents) functional() bool {
	seen := make(map[string]string, 4)
	for _, p := range in.pairs {
		if file, ok := seen[p.text]; ok && file != p.file {
			return false
		}
		seen[p.text] = p.file
	}
	return true
}

// plausible reports whether brackets are indented like the lines that say more. Their
// indentation is all that tells one from another.
func (in indents) plausible() bool {
	if in.rule(nil) != nil {
		return true
	}
	widths := map[int]bool{}
	for _, p := range in.pairs {
		if !p.weak {
			widths[len(p.file)-len(p.text)] = true
		}
	}
	for _, p := range in.pairs {
		if !p.weak {
			continue
		}
		ok := false
		for by := range widths {
			ok = ok || shiftedBy(p.text, p.file, by)
		}
		if !ok {
			return false
		}
	}
	return true
}

// shiftedBy reports whether the file is indented by that much more than the text. Of
// blanks one more or less is a lost or doubled marker.
func shiftedBy(text, file string, by int) bool {
	off := len(file) - len(text) - by
	return off == 0 || abs(off) == 1 && !strings.Contains(text+file, "\t")
}

// same reports whether the file has the indentation of the text.
func (in indents) same() bool {
	for _, p := range in.pairs {
		if p.text != p.file {
			return false
		}
	}
	return true
}

// shift is a rule that turns the indentation of the text into that of the file.
type shift func(text string) (file string, ok bool)

func keep(text string) (string, bool) { return text, true }

// rule finds the rule that explains what the old lines show; nil: there is none, and
// each new line goes by the old line nearest to it.
func (in indents) rule(fresh []string) shift {
	if in.same() {
		return keep
	}
	if in.lostColumn(fresh) {
		return keep
	}
	for _, pairs := range [][]indentPair{in.pairs, in.withoutFirst()} {
		if rule := ruleOf(pairs); rule != nil {
			return rule
		}
	}
	return nil
}

// lostColumn reports whether context lines are one column short only because their
// markers were lost, so that the new lines, which have theirs, are right as they are.
func (in indents) lostColumn(fresh []string) bool {
	removed := 0
	for _, p := range in.pairs {
		if p.text == p.file {
			removed++ // as it should be
		} else if p.text+" " != p.file && " "+p.text != p.file {
			return false
		}
	}
	if removed > 0 || in.bare {
		return true
	}
	// Nothing but context, all of it one blank short. The new lines are right if their
	// depth is one that the file has, and would not be if they were shifted, too.
	depth := map[string]bool{}
	for _, p := range in.pairs {
		depth[p.file] = true
	}
	asIs, moved := 0, 0
	for _, text := range fresh {
		if depth[text] {
			asIs++
		}
		if depth[text+" "] {
			moved++
		}
	}
	return asIs > moved
}

// withoutFirst leaves the first pair out: the first line of a text often lost its
// indentation when it was copied.
func (in indents) withoutFirst() []indentPair {
	if len(in.pairs) < 2 || in.pairs[0].text != "" {
		return nil
	}
	return in.pairs[1:]
}

// ruleOf returns the first rule that explains every pair.
func ruleOf(pairs []indentPair) shift {
	if len(pairs) == 0 {
		return nil
	}
	var rules []shift
	rules = append(rules, keep)
	for _, p := range pairs {
		if p.text == p.file {
			continue
		}
		if more, ok := strings.CutSuffix(p.file, p.text); ok {
			rules = append(rules, func(text string) (string, bool) { return more + text, true })
		}
		if less, ok := strings.CutSuffix(p.text, p.file); ok {
			rules = append(rules, func(text string) (string, bool) { return strings.CutPrefix(text, less) })
		}
		break
	}
	for _, width := range [...]int{4, 2, 8, 3} {
		rules = append(rules, tabbed(width), spaced(width))
	}
	for _, rule := range rules {
		if explains(rule, pairs) {
			return rule
		}
	}
	for from := 1; from <= 8; from++ {
		for to := 1; to <= 8; to++ {
			if rule := stepped(from, to); from != to && explains(rule, pairs) {
				return rule
			}
		}
	}
	return nil
}

func explains(rule shift, pairs []indentPair) bool {
	for _, p := range pairs {
		if file, ok := rule(p.text); !ok || file != p.file {
			return false
		}
	}
	return true
}

// tabbed turns every width blanks at the start into a tab.
func tabbed(width int) shift {
	return func(text string) (string, bool) {
		n := 0
		for n < len(text) && text[n] == ' ' {
			n++
		}
		return strings.Repeat("\t", n/width) + strings.Repeat(" ", n%width) + text[n:], true
	}
}

// spaced turns every tab into width blanks.
func spaced(width int) shift {
	return func(text string) (string, bool) {
		return strings.ReplaceAll(text, "\t", strings.Repeat(" ", width)), true
	}
}

// stepped turns steps of from blanks into steps of to blanks.
func stepped(from, to int) shift {
	return func(text string) (string, bool) {
		if strings.Trim(text, " ") != "" || len(text)%from != 0 {
			return "", false
		}
		return strings.Repeat(" ", len(text)/from*to), true
	}
}

// indent returns what the new line at index k of the edit is to be indented with.
func (in indents) indent(rule shift, k int, text string) string {
	if rule != nil {
		if file, ok := rule(text); ok {
			return file
		}
	}
	best := -1
	for i, p := range in.pairs { // the nearest line of this very depth
		if p.text == text && (best < 0 || abs(p.at-k) < abs(in.pairs[best].at-k)) {
			best = i
		}
	}
	if best >= 0 {
		return in.pairs[best].file
	}
	for i, p := range in.pairs { // else the nearest line, and what there is more or less
		if (strings.HasPrefix(text, p.text) || strings.HasPrefix(p.text, text)) &&
			(best < 0 || abs(p.at-k) < abs(in.pairs[best].at-k)) {
			best = i
		}
	}
	if best < 0 {
		return text
	}
	p := in.pairs[best]
	if more, ok := strings.CutPrefix(text, p.text); ok {
		return p.file + more
	}
	less := len(p.text) - len(text)
	return p.file[:max(len(p.file)-less, 0)]
}
