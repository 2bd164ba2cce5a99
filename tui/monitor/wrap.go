package monitor

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxStyled is how long a line with colours may be that is wrapped between words: those
// are the monitor's own, with a text from elsewhere in them at most.
const maxStyled = 8 << 10

// wrapped breaks lines between words, so that text reads well in a narrow pane. What
// goes on is indented like its line.
func wrapped(l lines, width int) lines {
	if width < 20 {
		return l
	}
	out := make(lines, 0, len(l))
	for _, line := range l {
		if strings.IndexByte(line, '\x1b') >= 0 {
			out = wrapStyled(out, line, width)
		} else {
			out = wrapPlain(out, line, width)
		}
	}
	return out
}

// wrapPlain takes one row after the other off the line, in time that grows with its
// length alone.
func wrapPlain(out lines, line string, width int) lines {
	indent := min(len(line)-len(strings.TrimLeft(line, " ")), width/2)
	lead := ""
	for {
		room := width - len(lead)
		ahead := prefix(line, 4*room+64)
		if len(ahead) == len(line) && cells(ahead) <= room {
			return append(out, lead+line)
		}
		row := ansi.Truncate(ahead, room, "")
		if row == "" {
			row = prefix(line, utf8.UTFMax) // wider than the screen; it is cut there
		}
		if i := strings.LastIndexByte(row, ' '); i > len(row)/2 && len(row) < len(line) && line[len(row)] != ' ' {
			row = row[:i+1]
		}
		out = append(out, lead+strings.TrimRight(row, " "))
		if line = strings.TrimLeft(line[len(row):], " "); line == "" {
			return out
		}
		lead = blanks(indent)
	}
}

// prefix is the first n bytes of a text, or a little less, so that no rune is cut.
func prefix(text string, n int) string {
	if n >= len(text) {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// wrapStyled is wrapPlain for a line with colours, which go on in its first row alone.
func wrapStyled(out lines, line string, width int) lines {
	if cells(line) <= width {
		return append(out, line)
	}
	bare := plain(line)
	if len(line) > maxStyled {
		return wrapPlain(out, bare, width)
	}
	first := wrapPlain(nil, bare, width)
	if rest := first[1:]; len(rest) > 0 {
		return append(append(out, span(line, 0, cells(first[0]))), rest...)
	}
	return append(out, line)
}
