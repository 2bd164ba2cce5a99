package patch

import (
	"fmt"
	"slices"
	"strings"
)

// loosely returns what the edits make of a file, and how each was placed.
func (f *File) loosely(old []byte, loosest Tier, rep *FileReport) ([]byte, error) {
	if isBinary(old) {
		return nil, f.errorf(BinaryFile, f.Path(), "the file is binary, and the patch has lines for it")
	}
	src := newSource(old)
	edits := f.edits
	text, err := f.settle(src, edits, loosest, rep, 0)
	if err == nil {
		return []byte(text), nil
	}
	// Blocks that one after the other change what the one before made.
	if later, ok := f.inTurn(src, edits, loosest, rep); ok {
		return []byte(later), nil
	}
	return nil, err
}

// settle places all edits in src and makes the new text. before counts the edits that
// were done already, for reports.
func (f *File) settle(src *source, edits []*edit, loosest Tier, rep *FileReport, before int) (string, *Error) {
	c := newChooser(src, edits, loosest)
	c.proved = func() bool { return before == 0 && f.names(src) }
	c.find()
	choices := make([]choice, 0, len(edits))
	done := 0
	var first *Error
	for i, e := range edits {
		if e.stacked && len(src.headings(e.heads)) == 0 {
			return "", f.conflictIn(e, before+i, "the lines that are given as headings do not stand in the file, one below the other")
		}
		if !e.changes() || c.again[i] {
			continue
		}
		spots := c.spots[i]
		there := c.already(i)
		switch {
		case there >= 0:
			done++
			if first == nil {
				first = c.done(f, i, there)
			}
			continue
		case len(spots) == 0:
			if first == nil || first.Kind == AlreadyApplied {
				first = c.nowhere(f, i)
			}
			continue
		case len(spots) > 1 && !e.all:
			if first == nil || first.Kind == AlreadyApplied {
				first = c.several(f, i)
			}
			continue
		}
		if err := c.doubtful(f, i); err != nil && first == nil {
			first = err
		}
		for k := range spots {
			choices = append(choices, choice{spot: &spots[k], edit: before + i})
		}
	}
	if first != nil {
		if first.Kind == AlreadyApplied && done < len(edits) {
			first.Kind = Conflict
		}
		return "", first
	}
	if a, b := inOrder(choices); a >= 0 {
		err := f.conflictIn(edits[b-before], b, fmt.Sprintf("it changes lines that hunk %d changes, too", a+1))
		return "", err
	}
	f.tell(src, choices, rep)
	return src.compose(choices), nil
}

// names reports whether the index line of a diff names this content. Seven digits of the
// id will do, because this only confirms a place.
func (f *File) names(src *source) bool {
	return len(f.OldID) >= 7 && strings.HasPrefix(blobID([]byte(src.text), len(f.OldID)), f.OldID)
}

// inTurn makes the edits one after the other, each in what the ones before it made. It
// serves only where an edit stands nowhere in the file as it is.
func (f *File) inTurn(src *source, edits []*edit, loosest Tier, rep *FileReport) (string, bool) {
	if len(edits) < 2 || len(edits) > 200 {
		return "", false
	}
	probe := newChooser(src, edits, TierLookalike)
	for i, e := range edits {
		probe.spots[i] = probe.places(e)
	}
	cut := 0
	for i := 1; i < len(edits) && cut == 0; i++ {
		if edits[i].turn != edits[i-1].turn && len(probe.spots[i]) == 0 && f.madeBy(edits[:i], edits[i]) {
			cut = i
		}
	}
	if cut == 0 {
		return "", false
	}
	trial := FileReport{}
	text, err := f.settle(src, edits[:cut], loosest, &trial, 0)
	if err != nil {
		return "", false
	}
	next := newSource([]byte(text))
	// The first of them must be there line by line: what is only like its text proves
	// nothing of what was made a moment ago.
	if probe = newChooser(next, edits[cut:cut+1], TierLookalike); len(probe.places(edits[cut])) == 0 {
		return "", false
	}
	rest, err := f.settle(next, edits[cut:], loosest, &trial, cut)
	if err != nil {
		var ok bool
		if rest, ok = f.inTurn(next, edits[cut:], loosest, &trial); !ok {
			return "", false
		}
	}
	rep.Added, rep.Removed, rep.Tier = rep.Added+trial.Added, rep.Removed+trial.Removed, max(rep.Tier, trial.Tier)
	rep.Placed = append(rep.Placed, trial.Placed...)
	return rest, true
}

// madeBy reports whether a line that e expects is one that the edits before it add.
func (f *File) madeBy(before []*edit, e *edit) bool {
	made := map[string]bool{}
	for _, b := range before {
		for _, l := range b.lines {
			if l.op == '+' && telling(l.text) > 0 {
				made[flatten(l.text)] = true
			}
		}
	}
	return slices.ContainsFunc(e.old, func(line string) bool { return made[flatten(line)] })
}

// tell notes in the report what was done and how far each edit moved.
func (f *File) tell(src *source, choices []choice, rep *FileReport) {
	for _, c := range choices {
		added, removed := c.read.count()
		rep.Added += added
		rep.Removed += removed
		rep.Tier = max(rep.Tier, c.tier)
		p := Placed{Hunk: c.edit + 1, Line: c.at + 1, Tier: c.tier}
		if c.read.stated > 0 {
			p.Moved = c.at + 1 - c.read.stated
		}
		if p.Moved != 0 {
			rep.Moved = append(rep.Moved, Move{Hunk: p.Hunk, Lines: p.Moved})
		}
		rep.Placed = append(rep.Placed, p)
	}
}
