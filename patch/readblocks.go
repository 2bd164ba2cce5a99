package patch

import (
	"strconv"
	"strings"
)

// isSearch returns the length of the marker of a line that begins a search/replace
// block; 0: it does not.
func isSearch(line string) int {
	for _, c := range [...]byte{'<', '-'} {
		n := countByte(line, c)
		if n < 3 {
			continue
		}
		rest, ok := strings.CutPrefix(line[n:], " ")
		word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if ok && (word == "SEARCH" || word == "ORIGINAL" || word == "SEARCH:") {
			return n
		}
	}
	return 0
}

// isReplace reports whether a line ends a block.
func isReplace(line string) bool {
	for _, c := range [...]byte{'>', '+'} {
		if n := countByte(line, c); n >= 3 {
			switch strings.TrimSpace(line[n:]) {
			case "REPLACE", "UPDATED":
				return true
			}
		}
	}
	return false
}

// isDivider returns the length of a line of nothing but equal signs.
func isDivider(line string) int {
	if n := countByte(line, '='); n >= 3 && n == len(line) {
		return n
	}
	return 0
}

func countByte(s string, c byte) (n int) {
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}

// blocks reads search/replace blocks.
func (r *reader) blocks() *Error {
	name := ""
	last := 0 // where the last block ended
	for r.at < len(r.lines) {
		indent := indentOf(r.line(r.at))
		n := isSearch(r.line(r.at)[len(indent):])
		if n == 0 {
			if err := r.foreign(r.at, SearchReplace); err != nil && last > 0 {
				return err
			}
			r.at++
			continue
		}
		if found := r.nameAbove(r.at, last); found != "" {
			name = found
		}
		if name == "" {
			name = r.target
		}
		if name == "" {
			return errAt(Malformed, r.at+1, "no line above the block names its file")
		}
		if err := r.block(name, n, indent); err != nil {
			return err
		}
		last = r.at
	}
	return nil
}

// block reads one block, whose first line is the next one.
func (r *reader) block(name string, n int, indent string) *Error {
	start := r.at
	end := start + 1
	var dividers []int
	for ; end < len(r.lines); end++ {
		line := strings.TrimPrefix(r.line(end), indent)
		if isReplace(line) {
			break
		}
		if isSearch(line) > 0 && len(dividers) > 0 {
			return errAt(Malformed, start+1, "the block has no REPLACE line before the next block begins")
		}
		if isDivider(line) > 0 {
			dividers = append(dividers, end)
		}
	}
	r.at = min(end+1, len(r.lines))
	if len(dividers) == 0 {
		return errAt(Malformed, start+1, "the block has no line of ======= between its two halves")
	}
	if end == len(r.lines) {
		if r.inFence(start) && !r.closing(r.lastLine()) {
			return errAt(Malformed, start+1, "the block has no REPLACE line, and its fence is never closed, so the text may be cut off")
		}
		for end > dividers[0]+1 && (isBlankLine(r.line(end-1)) || r.closing(end-1)) {
			end--
		}
	}
	var reads, others []*edit
	for _, d := range dividers { // the divider is as long as the marker, if one is
		if read := r.halves(start, d, end, indent); isDivider(strings.TrimPrefix(r.line(d), indent)) == n {
			reads = append(reads, read)
		} else {
			others = append(others, read)
		}
	}
	if len(reads) == 0 {
		reads = others
	}
	e := reads[0]
	e.other = reads[1:]
	if len(e.old) == 0 {
		r.files = append(r.files, File{Op: Create, New: name, NewMode: ModeFile, edits: []*edit{e}, line: start + 1, fill: true})
		return nil
	}
	f := r.file(name)
	f.edits = append(f.edits, e)
	return nil
}

// inFence reports whether a fence is open above line i.
func (r *reader) inFence(i int) bool {
	var open fence
	for k := 0; k < i && r.ahead(k); k++ {
		if f, ok := fenceOf(r.line(k)); ok && open.length == 0 {
			open = f
		} else if ok && open.closes(r.line(k)) {
			open = fence{}
		}
	}
	return open.length > 0
}

// lastLine returns the number of the last line that is not blank.
func (r *reader) lastLine() int {
	i := len(r.lines) - 1
	for i > 0 && isBlankLine(r.line(i)) {
		i--
	}
	return i
}

// halves makes the edit of a block with its divider at line d.
func (r *reader) halves(start, d, end int, indent string) *edit {
	side := func(from, to int) ([]editLine, string) {
		var lines []editLine
		var text strings.Builder
		for i := from; i < to && r.ahead(i); i++ {
			line := strings.TrimPrefix(r.line(i), indent)
			lines = append(lines, editLine{text: line, cr: r.lines[i].cr})
			text.WriteString(line)
			text.WriteByte('\n')
		}
		return lines, strings.TrimSuffix(text.String(), "\n")
	}
	from, stated := r.statedLine(start+1, d)
	old, find := side(from, d)
	new, put := side(d+1, end)
	e := &edit{line: start + 1, lines: diffPieces(old, new), find: find, put: put, raw: len(old) == 1, byLine: true, stated: stated}
	return e.prepare()
}

// statedLine reads the lines that some tools put above the old text, `:start_line:12` and
// `-------`. It returns where the old text begins and the line from 1 that it states.
func (r *reader) statedLine(from, end int) (int, int) {
	stated := 0
	for i := from; i < end; i++ {
		field, number, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(r.line(i)), ":"), ":")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		switch {
		case field == "start_line" && err == nil && n > 0:
			stated = n
		case field == "end_line" && err == nil && stated > 0:
		case stated > 0 && strings.TrimSpace(r.line(i)) == "-------":
			return i + 1, stated
		default:
			return from, 0
		}
	}
	return from, 0
}

// nameAbove returns the path that a line above line i, down to line low, names.
func (r *reader) nameAbove(i, low int) string {
	looked := 0
	for k := i - 1; k >= low && looked < 3 && r.ahead(k); k-- {
		line := r.line(k)
		if f, ok := fenceOf(line); ok {
			if name := r.fenceName(f); name != "" {
				return name
			}
			continue
		}
		if isBlankLine(line) {
			continue
		}
		looked++
		if name := r.nameIn(line); name != "" {
			return name
		}
		if name := undecorated(line); looked == 1 && name != "" && !strings.ContainsAny(name, " \t") && r.named(name) {
			return name
		}
	}
	return ""
}
