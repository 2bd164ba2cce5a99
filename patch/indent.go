package patch

import "strings"

// indents says how the indentation of an edit maps to that of the file: what the old
// lines have in the text, and what the lines they matched have in the file.
type indents struct {
	pairs  []indentPair
	marked bool           // the lines had markers, which may be lost or doubled
	depths map[string]int // how often the file has an indentation
}

type indentPair struct {
	at         int // index in the edit's lines
	text, file string
	weak       bool // the line is a bracket or an `end`
	removed    bool
	bare       bool // it had no marker
	padded     bool // the file's line has blanks at both ends, the text's at none
}

// pairs returns the indentation of the matched lines that are not blank.
func (s *source) pairs(p *spot) indents {
	e := p.read
	in := indents{marked: e.marked}
	for i, k := range e.at {
		row := p.row(i)
		if !p.sure(i) || isBlankLine(e.old[i]) || isBlankLine(s.lines[row]) {
			continue
		}
		in.pairs = append(in.pairs, indentPair{
			at: k, text: indentOf(e.old[i]), file: indentOf(s.lines[row]), weak: isWeak(e.old[i]),
			removed: e.lines[k].op == '-', bare: e.lines[k].bare,
			padded: indentOf(s.lines[row]) == " " && indentOf(e.old[i]) == "" && trimmed(s.lines[row], trailing) != s.lines[row],
		})
	}
	return in
}

// depthsOf returns the indentations of the file.
func (s *source) depthsOf() map[string]int {
	if s.depths == nil {
		s.depths = map[string]int{}
		for _, line := range s.lines {
			if !isBlankLine(line) {
				s.depths[depthOf(line)]++
			}
		}
	}
	return s.depths
}

// depthOf returns the indentation of a line, with a star if it goes on with one: lines of
// a block comment are a column off those of the code.
func depthOf(line string) string {
	indent := indentOf(line)
	if strings.HasPrefix(line[len(indent):], "*") {
		return indent + "*"
	}
	return indent
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
	if in.same() || ruleOf(in.pairs) != nil || ruleOf(in.withoutFirst()) != nil {
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
type shift struct {
	to   func(text string) (file string, ok bool)
	tabs bool // it is about how blanks are written, so it holds for blank lines, too
}

func keep(text string) (string, bool) { return text, true }

// rule finds the rule that explains what the old lines show, for new lines of the
// given indentations; nil: there is none, and each new line goes by the old line
// nearest to it.
func (in indents) rule(fresh []string) *shift {
	if in.same() || len(in.pairs) == 1 && in.pairs[0].padded {
		return &shift{to: keep}
	}
	pairs := in.pairs
	if removed := in.only(func(p indentPair) bool { return p.removed }); len(removed) > 0 {
		if rule := ruleOf(removed); rule != nil && in.agrees(rule) {
			return rule // they have their markers, like the new lines
		}
	} else if in.marked {
		if rule := in.lostColumn(fresh); rule != nil {
			return rule
		}
	}
	if rule := ruleOf(pairs); rule != nil && !in.lostFirst(fresh) {
		return rule
	}
	if len(pairs) > 1 && pairs[0].text == "" {
		if rule := ruleOf(pairs[1:]); rule != nil {
			return rule
		}
	}
	if in.lostFirst(fresh) {
		return &shift{to: keep}
	}
	return ruleOf(in.pairs)
}

// agrees reports whether a rule of the removed lines explains the context as well, the
// markers it may have lost or its first line aside.
func (in indents) agrees(rule *shift) bool {
	context := in.only(func(p indentPair) bool { return !p.removed })
	for i, p := range context {
		file, ok := rule.to(p.text)
		if ok && file == p.file || i == 0 && p.at == 0 && p.text == "" {
			continue
		}
		if file, ok = rule.to(" " + p.text); !ok || file != p.file || !in.marked {
			return false
		}
	}
	return true
}

func (in indents) only(good func(indentPair) bool) []indentPair {
	var out []indentPair
	for _, p := range in.pairs {
		if good(p) {
			out = append(out, p)
		}
	}
	return out
}

// withoutFirst leaves the first pair out: the first line of a text often lost its
// indentation when it was copied.
func (in indents) withoutFirst() []indentPair {
	if len(in.pairs) < 2 || in.pairs[0].text != "" {
		return nil
	}
	return in.pairs[1:]
}

// lostFirst reports whether the only line that shows something is a first line without
// its indentation, and the new lines are as deep as the file is there.
func (in indents) lostFirst(fresh []string) bool {
	if len(in.pairs) != 1 || in.pairs[0].at != 0 || in.pairs[0].text != "" || len(fresh) == 0 {
		return false
	}
	for _, text := range fresh {
		if !strings.HasPrefix(text, in.pairs[0].file) {
			return false
		}
	}
	return true
}

// lostColumn returns the rule for context lines that lost their markers, so that their
// own first blank was taken for one, if that is so: a line without any blank had no
// marker, or the new lines come out at depths that the file has.
func (in indents) lostColumn(fresh []string) *shift {
	restored := make([]indentPair, 0, len(in.pairs))
	bare := false
	for _, p := range in.pairs {
		if bare = bare || p.bare; !p.bare {
			p.text = " " + p.text
		}
		restored = append(restored, p)
	}
	rule := ruleOf(restored)
	if rule == nil {
		return nil
	}
	plain := ruleOf(in.pairs)
	if bare || plain == nil {
		return rule
	}
	lost, shifted := in.known(rule, fresh), in.known(plain, fresh)
	if lost > shifted || lost == shifted && rule.keeps(restored) {
		return rule
	}
	return nil
}

// known returns how usual in the file the depths are at which new lines come out.
func (in indents) known(rule *shift, fresh []string) (n int) {
	for _, text := range fresh {
		indent := strings.TrimSuffix(text, "*")
		if file, ok := rule.to(indent); ok {
			n += in.depths[file+text[len(indent):]]
		}
	}
	return n
}

// ruleOf returns the first rule that explains every pair; nil: there is none.
func ruleOf(pairs []indentPair) *shift {
	if len(pairs) == 0 {
		return nil
	}
	rules := []*shift{{to: keep}}
	for _, p := range pairs {
		if p.text == p.file {
			continue
		}
		if more, ok := strings.CutSuffix(p.file, p.text); ok {
			rules = append(rules, &shift{to: func(text string) (string, bool) { return more + text, true }})
		}
		if less, ok := strings.CutSuffix(p.text, p.file); ok {
			rules = append(rules, &shift{to: func(text string) (string, bool) { return strings.CutPrefix(text, less) }})
		}
		break
	}
	for _, width := range [...]int{4, 2, 8, 3} {
		rules = append(rules, &shift{tabbed(width), true}, &shift{spaced(width), true})
	}
	for _, rule := range rules {
		if rule.explains(pairs) {
			return rule
		}
	}
	for from := 1; from <= 8; from++ {
		for to := 1; to <= 8; to++ {
			if rule := (&shift{to: stepped(from, to)}); from != to && rule.explains(pairs) {
				return rule
			}
		}
	}
	return nil
}

// keeps reports whether a rule changes none of the pairs.
func (rule *shift) keeps(pairs []indentPair) bool {
	for _, p := range pairs {
		if p.text != p.file {
			return false
		}
	}
	return true
}

func (rule *shift) explains(pairs []indentPair) bool {
	for _, p := range pairs {
		if file, ok := rule.to(p.text); !ok || file != p.file {
			return false
		}
	}
	return true
}

// tabbed turns every width blanks at the start into a tab.
func tabbed(width int) func(string) (string, bool) {
	return func(text string) (string, bool) {
		n := 0
		for n < len(text) && text[n] == ' ' {
			n++
		}
		return strings.Repeat("\t", n/width) + strings.Repeat(" ", n%width) + text[n:], true
	}
}

// spaced turns every tab into width blanks.
func spaced(width int) func(string) (string, bool) {
	return func(text string) (string, bool) {
		return strings.ReplaceAll(text, "\t", strings.Repeat(" ", width)), true
	}
}

// stepped turns steps of from blanks into steps of to blanks.
func stepped(from, to int) func(string) (string, bool) {
	return func(text string) (string, bool) {
		if strings.Trim(text, " ") != "" || len(text)%from != 0 {
			return "", false
		}
		return strings.Repeat(" ", len(text)/from*to), true
	}
}

// indent returns what the new line at index k of the edit is to be indented with.
func (in indents) indent(rule *shift, k int, text string) string {
	if rule != nil {
		if file, ok := rule.to(text); ok {
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
