package tui

import (
	"io"
	"strings"
)

// Table is rows of cells, written with its columns aligned by display width. The
// last column is cut where the terminal ends; the others never are.
type Table struct {
	Head []string
	Rows [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write writes the table, at most width cells wide where that is possible; 0 means
// no limit. A table without rows writes nothing.
func (t *Table) Write(w io.Writer, s Style, width int) error {
	if len(t.Rows) == 0 {
		return nil
	}
	lines := t.Rows
	if len(t.Head) > 0 {
		head := make([]string, len(t.Head))
		for i, h := range t.Head {
			head[i] = s.Dim(h)
		}
		lines = append([][]string{head}, t.Rows...)
	}
	widths := columnWidths(lines)
	var b strings.Builder
	for _, cells := range lines {
		b.WriteString(Cut(alignRow(cells, widths), width))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// before is how many cells the columns before column n take.
func (t *Table) before(n int) int {
	sum := 0
	for _, w := range columnWidths(append([][]string{t.Head}, t.Rows...))[:n] {
		sum += w + len(gap)
	}
	return sum
}

func columnWidths(lines [][]string) []int {
	var widths []int
	for _, cells := range lines {
		for i, c := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(c))
		}
	}
	return widths
}

const gap = "  "

func alignRow(cells []string, widths []int) string {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(c)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-Width(c)))
			b.WriteString(gap)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
