package monitor

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"codeagent.dev/agent/tui"
)

// paint is how the monitor colours: with the sixteen colours, which are the terminal's
// own, and in diffs with backgrounds once the terminal has said that it is dark or light.
type paint struct {
	tui.Style
	ground ground
	rich   bool // the terminal shows any colour, not only 256
}

// ground is what is known of the terminal's background.
type ground int

const (
	unknownGround ground = iota
	darkGround
	lightGround
)

// sgr wraps text in a sequence that sets attributes.
func (p paint) sgr(code, text string) string {
	if !p.Color || code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// chosen marks the line that keys act on. Without colour the marker before it does.
func (p paint) chosen(plain string) string { return p.sgr("7", plain) }

// backs are the backgrounds of a removed and an added line, and of the words in them that
// changed; empty where the terminal's own is not known.
func (p paint) backs() (removed, added, removedWord, addedWord string) {
	switch {
	case !p.Color || p.ground == unknownGround:
		return "", "", "7", "7"
	case p.ground == darkGround && p.rich:
		return "48;2;60;20;24", "48;2;18;50;28", "48;2;130;36;44", "48;2;30;104;52"
	case p.ground == darkGround:
		return "48;5;52", "48;5;22", "48;5;88", "48;5;28"
	case p.rich:
		return "48;2;255;232;230", "48;2;225;250;230", "48;2;255;190;184", "48;2;160;232;176"
	}
	return "48;5;224", "48;5;194", "48;5;217", "48;5;157"
}

// fit makes text exactly width cells wide: cut with an ellipsis, or filled up.
func fit(text string, width int) string {
	if width <= 0 {
		return ""
	}
	n := cells(text)
	if n == width {
		return text
	}
	return string(appendFit(make([]byte, 0, len(text)+max(0, width-n)+4), text, n, width))
}

// appendFit appends what fit makes of a text that is n cells wide.
func appendFit(b []byte, text string, n, width int) []byte {
	switch {
	case width <= 0:
		return b
	case n <= width:
		return append(append(b, text...), blanks(width-n)...)
	case n == len(text): // one byte a cell, so it may be cut anywhere
		return append(append(b, text[:width-1]...), "…"...)
	}
	whole := text
	for room := width; n > width && room >= 0; room-- {
		text = ansi.Truncate(whole, room, "…") // it counts some emoji otherwise than StringWidth does
		n = cells(text)
	}
	b = append(b, text...)
	if strings.IndexByte(text, '\x1b') >= 0 {
		b = append(b, "\x1b[0m"...)
	}
	return append(b, blanks(width-n)...)
}

// right is fit with the text at the right edge.
func right(text string, width int) string {
	if w := cells(text); w < width {
		return blanks(width-w) + text
	}
	return fit(text, width)
}

// cells is tui.Width, at once for plain ASCII and for the symbols and colours that the
// monitor itself uses.
func cells(text string) (n int) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c >= ' ' && c <= '~':
			n, i = n+1, i+1
		case c == 0x1b:
			end := strings.IndexByte(text[i:], 'm')
			if end < 2 || text[i+1] != '[' {
				return tui.Width(text)
			}
			i += end + 1
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(text[i:])
			if !narrow(r) {
				return tui.Width(text)
			}
			n, i = n+1, i+size
		default:
			return tui.Width(text)
		}
	}
	return n
}

// narrow reports whether a rune takes one cell; what combines with others does not.
func narrow(r rune) bool {
	switch {
	case r >= 0xA1 && r < 0x300 && r != 0xAD && r != 0xA9 && r != 0xAE:
		return true
	case r == '…' || r == '–' || r == '✓' || r == '✗' || r == '•' || r == '⏎':
		return true
	}
	return r >= 0x2500 && r <= 0x25A9 || r == '▸' || r == '▾' || r == '○'
}

const someBlanks = "                                                                                                "

func blanks(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(someBlanks):
		return someBlanks[:n]
	}
	return strings.Repeat(" ", n)
}

// span cuts the cells from to to out of a line and ends its colours.
func span(line string, from, to int) string {
	if from == 0 && cells(line) <= to {
		return line
	}
	line = ansi.Cut(line, from, to)
	if strings.IndexByte(line, '\x1b') >= 0 {
		line += "\x1b[0m"
	}
	return line
}

// plain is a line without its colours.
func plain(line string) string {
	if strings.IndexByte(line, '\x1b') < 0 {
		return line
	}
	return ansi.Strip(line)
}

// tabs replaces tabs by blanks up to the next multiple of four cells.
func tabs(line string) string {
	if strings.IndexByte(line, '\t') < 0 {
		return line
	}
	var b strings.Builder
	at := 0
	for i, part := range strings.Split(line, "\t") {
		if i > 0 {
			n := 4 - at%4
			b.WriteString(blanks(n))
			at += n
		}
		b.WriteString(part)
		at += cells(part)
	}
	return b.String()
}
