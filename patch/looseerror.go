package patch

import (
	"fmt"
	"slices"
	"strings"
)

// conflictIn makes a Conflict about an edit; i is its number from 0.
func (f *File) conflictIn(e *edit, i int, reason string) *Error {
	err := errIn(Conflict, f.Path(), "%s", reason)
	err.Hunk, err.Line, err.Wanted = i+1, e.line, e.old
	if n := len(e.at); n > 0 && e.lines[e.at[n-1]].open {
		err.Wanted = append(slices.Clone(e.old), openMark)
	}
	return err
}

// openMark stands after a last line without a newline.
const openMark = `\ No newline at end of file`

// done says that an edit is made already.
func (c *chooser) done(f *File, i, line int) *Error {
	err := f.conflictIn(c.edits[i], i, fmt.Sprintf("the change is already there, at line %d", line))
	err.Kind = AlreadyApplied
	return err
}

// several says that an edit has more than one place.
func (c *chooser) several(f *File, i int) *Error {
	err := f.conflictIn(c.edits[i], i, "")
	var lines []string
	for _, p := range c.spots[i][:min(len(c.spots[i]), maxPlaces)] {
		err.Places = append(err.Places, p.at+1)
		lines = append(lines, fmt.Sprint(p.at+1))
	}
	err.Reason = "its old text stands at several places, lines "
	if c.spots[i][0].tier == TierFuzzy {
		err.Reason = "several places are like its old text, at lines "
	}
	err.Reason += strings.Join(lines, ", ")
	if len(c.spots[i]) > maxPlaces {
		err.Reason += " and more"
	}
	return err
}

// nowhere says that an edit has no place, and shows the nearest.
func (c *chooser) nowhere(f *File, i int) *Error {
	e := c.edits[i]
	err := f.conflictIn(e, i, "its old text stands nowhere in the file")
	if len(e.old) == 0 {
		err.Reason = "it has no old lines, so nothing shows where its new lines belong"
		return err
	}
	c.src.nearest(e, err)
	return err
}

const (
	maxPlaces = 20      // more are not listed
	maxVotes  = 1 << 20 // lines looked at to find the nearest place
	commonly  = 64      // a line that stands more often tells nothing of the place
)

// nearest fills in what stands where the edit most likely belongs: each of its lines
// that is not common votes for the place it would give the edit.
func (s *source) nearest(e *edit, err *Error) {
	x := s.form(looks)
	votes, best, line, left := map[int]int{}, 0, max(e.stated-1, 0), maxVotes
	var buf []byte
	for i, text := range e.old {
		first, count := x.first(x.key(text, &buf))
		if count == 0 || count > commonly {
			continue
		}
		weight := worth(text, count)
		for k := first; k >= 0 && left > 0; k = int(x.next[k]) {
			left--
			at := max(k-i, 0)
			votes[at] += weight
			if n := votes[at]; n > best || n == best && abs(at-e.stated) < abs(line-e.stated) {
				best, line = n, at
			}
		}
	}
	if best == 0 {
		if like, ok := s.likest(e.old); ok {
			line = like
		}
	}
	line = min(line, max(len(s.lines)-1, 0))
	err.At = line + 1
	end := min(line+len(e.old), len(s.lines))
	err.Found = slices.Clone(s.lines[line:end])
	if end == len(s.lines) && s.open() {
		err.Found = append(err.Found, openMark)
	}
	err.First = firstDifference(err.Wanted, err.Found)
	common := 0
	for i := range min(len(err.Wanted), len(err.Found)) {
		if flatten(err.Wanted[i]) == flatten(err.Found[i]) {
			common += 100
		} else {
			common += alike(profileOf(err.Wanted[i]), profileOf(err.Found[i]), 1)
		}
	}
	err.Alike = common / max(len(err.Wanted), 1)
}

const (
	likestLines = 6       // lines of an edit that are compared with all of a file
	likestPairs = 200_000 // pairs of lines that are compared
	likestLeast = 50      // per cent in common that count
)

// likest returns the line at which old would stand by the lines of the file that are
// most like its own; none is equal.
func (s *source) likest(old []string) (line int, ok bool) {
	votes, best, left, tried := map[int]int{}, 0, likestPairs, 0
	profiles := make([]*profile, len(s.lines))
	for i, text := range old {
		if isWeak(text) || tried == likestLines {
			continue
		}
		tried++
		own := profileOf(text)
		for k := range s.lines {
			if left--; left < 0 {
				return line, ok
			}
			if profiles[k] == nil {
				profiles[k] = profileOf(s.lines[k])
			}
			like := alike(own, profiles[k], likestLeast)
			if like < likestLeast {
				continue
			}
			at := max(k-i, 0)
			if votes[at] += like; votes[at] > best {
				best, line, ok = votes[at], at, true
			}
		}
	}
	return line, ok
}

func abs(n int) int { return max(n, -n) }

// firstDifference returns the index of the first line that differs; -1: none.
func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}
