package patch

import (
	"slices"
	"testing"
)

// drift makes another change of the same old lines, which keeps off the lines that c
// changes. It returns the file with that other change, and with both.
func (m *changer) drift(c change) (moved, both []string) {
	near := func(i int) bool {
		for k := max(i-1, 0); k <= min(i+1, len(c.lines)-1); k++ {
			if c.lines[k].op != ' ' {
				return true
			}
		}
		return false
	}
	for i, l := range c.lines {
		fresh, gone := "", false
		if l.op == ' ' && !near(i) && m.IntN(8) == 0 {
			if gone = m.IntN(3) > 0; !gone || m.IntN(2) == 0 {
				fresh = indentOf(l.text) + m.word()
			}
		}
		if fresh != "" {
			moved, both = append(moved, fresh), append(both, fresh)
		}
		if l.op != '+' && !gone {
			moved = append(moved, l.text)
		}
		if l.op != '-' && !gone {
			both = append(both, l.text)
		}
	}
	return moved, both
}

func joined(lines []string) string {
	var text []byte
	for _, line := range lines {
		text = append(append(text, line...), '\n')
	}
	return string(text)
}

// TestLooseStale applies changes to a file that has moved on: the result is the file
// with both changes, or the text is refused. With -loose testdata/loose-open it also
// takes files whose lines repeat, in which a few changes still go to a wrong place.
func TestLooseStale(t *testing.T) {
	right, refused := 0, 0
	eachChange(t, 60, func(t *testing.T, m *changer, c change) {
		moved, both := m.drift(c)
		if slices.Equal(moved, both) || m.repeats && *looseDir == looseFixtures {
			return
		}
		for format, text := range c.renderings(t, "src/f") {
			switch got, err := once(text, format, joined(moved), false); {
			case err != nil:
				refused++
			case got == joined(both):
				right++
			default:
				t.Errorf("%s: got\n%s\nwant\n%s\nof\n%s\nby\n%s", format, got, joined(both), joined(moved), text)
			}
		}
	})
	t.Logf("%d right, %d refused", right, refused)
	if refused > right/4 {
		t.Errorf("the test proves little: %d right, %d refused", right, refused)
	}
}
