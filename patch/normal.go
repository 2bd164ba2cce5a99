package patch

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// form is a normal form of a line. Each one folds all that the one before it does.
type form int

const (
	asIs     form = iota // the line as it is, without its line end
	trailing             // no blanks at the end
	blanks               // no blanks at the ends, each run of blanks inside is one
	looks                // typographic characters as their ASCII look-alikes, too
	forms
)

// trimmed returns the part of line that a form may keep: for lines in which nothing
// has to be replaced, that is the whole normal form.
func trimmed(line string, f form) string {
	switch f {
	case asIs:
		return line
	case trailing:
		return strings.TrimRight(line, " \t\r\f\v")
	}
	return strings.Trim(line, " \t\r\f\v")
}

// normal returns the normal form of line, appended to buf; same means that it is
// what trimmed returns, and nothing was appended.
func normal(line string, f form, buf []byte) (out []byte, same bool) {
	if f <= trailing {
		return buf, true
	}
	t := trimmed(line, f)
	if !folds(t, f) {
		return buf, true
	}
	blank := false
	for i := 0; i < len(t); {
		r, size := utf8.DecodeRuneInString(t[i:])
		text, like := t[i:i+size], false
		if f == looks {
			text, like = lookalike(r)
		}
		if !like {
			text = t[i : i+size] // a byte that is no UTF-8 stays itself
		}
		i += size
		for k := range len(text) {
			if is := isBlank(rune(text[k])); !is || !blank {
				buf, blank = append(buf, text[k]), is
				if is {
					buf[len(buf)-1] = ' '
				}
			}
		}
	}
	if f == looks { // what became a blank may stand at an end
		buf = bytes.Trim(buf, " ")
	}
	return buf, false
}

// folds reports whether a form changes the inside of a line.
func folds(t string, f form) bool {
	blank := false
	for i := range len(t) {
		c := t[i]
		if c >= utf8.RuneSelf && f == looks {
			return true
		}
		is := isBlank(rune(c))
		if is && (blank || c != ' ') {
			return true
		}
		blank = is
	}
	return false
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\f' || r == '\v' }

// lookalike returns what a typographic character is taken for. An empty string means
// that it cannot be seen at all.
func lookalike(r rune) (string, bool) {
	if r < 0x80 {
		return "", false
	}
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u2032', '\u02bc', '\u00b4':
		return "'", true
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2033', '\u00ab', '\u00bb':
		return `"`, true
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212':
		return "-", true
	case '\u2026':
		return "...", true
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad':
		return "", true
	}
	if unicode.Is(unicode.Zs, r) || r == '\u2028' || r == '\u2029' {
		return " ", true
	}
	if 0xff01 <= r && r <= 0xff5e { // full-width forms
		return string(r - 0xfee0), true
	}
	return "", false
}

// flatten returns the loosest normal form of a line.
func flatten(line string) string {
	if buf, same := normal(line, looks, nil); !same {
		return string(buf)
	}
	return trimmed(line, looks)
}

// indentOf returns the blanks a line begins with.
func indentOf(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

func isBlankLine(line string) bool { return strings.TrimLeft(line, " \t\r\f\v") == "" }
