package check

import (
	"fmt"
	"slices"
	"strings"
)

// Diff is what became of the failures of a base.
type Diff struct {
	New     []Failure `json:"new,omitempty"`     // fail now and did not on the base
	Fixed   []Failure `json:"fixed,omitempty"`   // failed on the base and do not any more
	Still   []Failure `json:"still,omitempty"`   // fail as they did on the base
	Changed []Failure `json:"changed,omitempty"` // fail on both, but in another way: the base's failure may hide a new one
	Unsure  bool      `json:"unsure,omitempty"`  // the base was not recognised or has more failures than are listed: some of New may be old
}

// Compare sets the failures of a result beside those of its base. A failure of the base
// counts as fixed only if the result ran tests and its package or file did not fail as a whole.
func Compare(base, result Tests) Diff {
	old := map[string]Failure{}
	for _, f := range base.Failures {
		old[f.ID] = f
	}
	d := Diff{Unsure: base.More > 0 || !base.Known() && result.Known()}
	now := map[string]bool{}
	var whole []string
	for _, f := range result.Failures {
		now[f.ID] = true
		if f.Suite {
			whole = append(whole, f.ID)
		}
		switch before, failed := old[f.ID]; {
		case !failed:
			d.New = append(d.New, f)
		case before.Signature == f.Signature:
			d.Still = append(d.Still, f)
		default:
			d.Changed = append(d.Changed, f)
		}
	}
	if !result.Known() || result.More > 0 {
		return d
	}
	for _, f := range base.Failures {
		gone := !now[f.ID] && !slices.ContainsFunc(whole, func(id string) bool { return within(f.ID, id) })
		if gone {
			d.Fixed = append(d.Fixed, f)
		}
	}
	return d
}

// within reports whether a test belongs to a package or file.
func within(id, suite string) bool {
	return strings.HasPrefix(id, suite+" ") || strings.HasPrefix(id, suite+"::") || strings.HasPrefix(id, suite+".")
}

// Summary says it in one line for a person; it is empty if nothing fails or failed.
func (d Diff) Summary() string {
	var parts []string
	add := func(list []Failure, one string, names int) {
		if len(list) == 0 {
			return
		}
		text := fmt.Sprintf("%d %s", len(list), one)
		if names > 0 {
			text += ": " + names3(list, names)
		}
		parts = append(parts, text)
	}
	add(d.New, "newly failing", 3)
	add(d.Changed, "failing in another way than on the base", 3)
	add(d.Fixed, "fixed", 0)
	add(d.Still, "failed before", 0)
	return strings.Join(parts, "; ")
}

// names3 lists the first few ids, each short.
func names3(list []Failure, most int) string {
	var names []string
	for _, f := range list[:min(most, len(list))] {
		name := f.ID
		if len(name) > 80 {
			name = cut(name, 77) + "…"
		}
		names = append(names, name)
	}
	if n := len(list) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

// Report tells a model what to repair, in at most max bytes: newly failing tests first
// with their part of the log, then what fails in another way, then what is not its
// concern. It is empty if there is nothing of the kind.
func (d Diff) Report(max int) string {
	var b strings.Builder
	room := func() int { return max - b.Len() }
	tail := d.concern(max / 4)
	section := func(title string, list []Failure) {
		if len(list) == 0 || room() < len(title)+len(tail)+40 {
			return
		}
		b.WriteString(title + "\n")
		for i, f := range list {
			text := item(f, (room()-len(tail))/min(len(list)-i, 4))
			rest := fmt.Sprintf("- and %d more\n", len(list)-i)
			if len(text)+len(rest)+len(tail) > room() {
				if len(rest)+len(tail) <= room() {
					b.WriteString(rest)
				}
				return
			}
			b.WriteString(text)
		}
	}
	title := "newly failing against the base:"
	if d.Unsure {
		title = "failing (some may have failed on the base already):"
	}
	section(title, d.New)
	section("failing on the base as well, but now in another way:", d.Changed)
	if len(tail) <= room() {
		b.WriteString(tail)
	}
	return b.String()
}

// concern lists what failed before, by name only.
func (d Diff) concern(max int) string {
	if len(d.Still) == 0 {
		return ""
	}
	for most := min(len(d.Still), 10); most >= 0; most-- {
		if text := "already failing on the base, not your concern: " + names3(d.Still, most) + "\n"; len(text) <= max {
			return text
		}
	}
	return ""
}

// item is one failure with as much of its excerpt as fits into max bytes.
func item(f Failure, max int) string {
	head := "- " + f.ID + "\n"
	var b strings.Builder
	b.WriteString(head)
	for line := range strings.Lines(f.Excerpt) {
		line = "    " + strings.TrimRight(line, "\n") + "\n"
		if b.Len()+len(line) > max-8 {
			b.WriteString("    …\n")
			break
		}
		b.WriteString(line)
	}
	return b.String()
}
