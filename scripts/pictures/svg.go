package main

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"codeagent.dev/agent/tui"
)

// Sizes in SVG's units, and the colours of the terminal that is drawn.
const (
	cellWidth  = 8.4
	cellHeight = 18.0
	fontSize   = 14
	border     = 14.0
	dark       = "#0d1117"
	light      = "#c9d1d9"
)

// palette is the sixteen colours, by SGR number.
var palette = map[int]string{
	30: "#484f58", 31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#56d4dd", 37: "#b1bac4",
}

// pen is how text is drawn.
type pen struct {
	fore, back         string
	bold, faint, slant bool
	reverse            bool
}

// stretch is text in one pen.
type stretch struct {
	pen
	text string
}

// svg draws a frame of a terminal.
func svg(frame string, width, height int) string {
	var b strings.Builder
	w, h := 2*border+float64(width)*cellWidth, 2*border+float64(height)*cellHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d">`+"\n", w, h, w, fontSize)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", dark)
	for y, line := range strings.Split(frame, "\n") {
		at := 0
		for _, s := range stretches(line) {
			n := tui.Width(s.text)
			s.draw(&b, border+float64(at)*cellWidth, border+float64(y)*cellHeight, n)
			at += n
		}
	}
	return b.String() + "</svg>\n"
}

func (s stretch) draw(b *strings.Builder, x, y float64, n int) {
	fore, back := s.fore, s.back
	if fore == "" {
		fore = light
	}
	if s.reverse {
		if back == "" {
			back = dark
		}
		fore, back = back, fore
	}
	if back != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, float64(n)*cellWidth, cellHeight, back)
	}
	bare := strings.TrimLeft(s.text, " ")
	x += float64(len(s.text)-len(bare)) * cellWidth
	if bare = strings.TrimRight(bare, " "); bare == "" {
		return
	}
	style := ""
	if s.bold {
		style += ` font-weight="bold"`
	}
	if s.slant {
		style += ` font-style="italic"`
	}
	if s.faint {
		style += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" fill="%s"%s xml:space="preserve">`, x, y+fontSize, float64(tui.Width(bare))*cellWidth, fore, style)
	if err := xml.EscapeText(b, []byte(bare)); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	b.WriteString("</text>\n")
}

// stretches splits a line at its SGR sequences.
func stretches(line string) (out []stretch) {
	var p pen
	for line != "" {
		at := strings.Index(line, "\x1b[")
		if at < 0 {
			return append(out, stretch{p, line})
		}
		if at > 0 {
			out = append(out, stretch{p, line[:at]})
		}
		codes, rest, _ := strings.Cut(line[at+2:], "m")
		p.take(strings.Split(codes, ";"))
		line = rest
	}
	return out
}

// take changes the pen as an SGR sequence says.
func (p *pen) take(codes []string) {
	for i := 0; i < len(codes); i++ {
		switch n, _ := strconv.Atoi(codes[i]); {
		case n == 0:
			*p = pen{}
		case n == 1:
			p.bold = true
		case n == 2:
			p.faint = true
		case n == 3:
			p.slant = true
		case n == 7:
			p.reverse = true
		case n == 48 && i+4 < len(codes) && codes[i+1] == "2":
			p.back = rgb(codes[i+2 : i+5])
			i += 4
		case n >= 40 && n < 48:
			p.back = palette[n-10]
		case palette[n] != "":
			p.fore = palette[n]
		}
	}
}

func rgb(parts []string) string {
	out := "#"
	for _, p := range parts {
		n, _ := strconv.Atoi(p)
		out += fmt.Sprintf("%02x", n&0xff)
	}
	return out
}
