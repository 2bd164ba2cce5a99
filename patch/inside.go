package patch

import "strings"

// inside returns the places where the old text of a search/replace stands as a part
// of lines, as edits of these lines.
func (s *source) inside(e *edit) []spot {
	find, put := e.find, e.put
	if strings.TrimSpace(find) == "" || put != "" && (find[0] == '\n') != (put[0] == '\n') {
		return nil // a line break at one end of only one text would join lines
	}
	text := s.text[len(s.mark):]
	if strings.Contains(text, "\r\n") {
		find = strings.ReplaceAll(strings.ReplaceAll(find, "\r\n", "\n"), "\n", "\r\n")
	}
	var spots []spot
	row, start := 0, 0 // a line and where it begins
	for from := 0; len(spots) < maxSpots; {
		i := strings.Index(text[from:], find)
		if i < 0 {
			break
		}
		i += from
		for start+len(s.lines[row])+len(s.ends[row]) <= i {
			start += len(s.lines[row]) + len(s.ends[row])
			row++
		}
		spots = append(spots, s.splice(e, row, i-start, find, put))
		from = i + len(find)
	}
	return spots
}

// splice makes the edit of whole lines that replaces find by put, col bytes into a line.
func (s *source) splice(e *edit, row, col int, find, put string) spot {
	find, put = strings.ReplaceAll(find, "\r\n", "\n"), strings.ReplaceAll(put, "\r\n", "\n")
	n := strings.Count(find, "\n") + 1
	last := row + n - 1
	var tail string
	cut := len(find) - strings.LastIndexByte(find, '\n') - 1
	if n == 1 {
		cut += col
	}
	if last < len(s.lines) {
		tail = s.lines[last][min(cut, len(s.lines[last])):]
	} else { // find ends with the newline of the last line
		last--
		put = strings.TrimSuffix(put, "\n")
	}
	var old, new []editLine
	for i := row; i <= last; i++ {
		old = append(old, editLine{text: s.lines[i], cr: s.ends[i] == "\r\n", open: s.ends[i] == ""})
	}
	for line := range strings.SplitSeq(s.lines[row][:col]+put+tail, "\n") {
		new = append(new, editLine{text: line})
	}
	read := e.with(diffLines(old, new))
	read.part = true
	return spot{at: row, tier: TierLineEnds, read: read}
}

// everywhere returns the one edit of the whole file that replaces every place of a
// search/replace.
func (s *source) everywhere(e *edit) []spot {
	text := strings.ReplaceAll(s.text[len(s.mark):], "\r\n", "\n")
	if strings.TrimSpace(e.find) == "" || !strings.Contains(text, e.find) {
		return nil
	}
	var old, new []editLine
	for i, line := range s.lines {
		old = append(old, editLine{text: line, cr: s.ends[i] == "\r\n", open: s.ends[i] == ""})
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(text, e.find, e.put), "\n"), "\n") {
		new = append(new, editLine{text: line})
	}
	return []spot{{tier: TierLineEnds, read: e.with(diffLines(old, new))}}
}
