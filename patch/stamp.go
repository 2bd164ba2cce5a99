package patch

import (
	"bytes"
	"strings"
)

// stampLen returns how many bytes at the end of a line are a time stamp as diffs have it,
// with the blanks before it; 0: none. Date and time are needed; a fraction and a zone may
// be there.
func stampLen(line []byte) int {
	rest := line
	if len(rest) == 0 || !isDigit(rest[len(rest)-1]) {
		return 0
	}
	if cut, ok := cutShape(rest, " +0000"); ok {
		rest = cut
	} else if cut, ok := cutShape(rest, " +00:00"); ok {
		rest = cut
	}
	if cut, ok := cutShape(rest, " 00:00:00"); ok {
		rest = cut
	} else if whole := bytes.TrimRight(rest, "0123456789"); len(whole) < len(rest) && bytes.HasSuffix(whole, []byte(".")) {
		if cut, ok := cutShape(whole[:len(whole)-1], " 00:00:00"); ok {
			rest = cut
		}
	}
	cut, ok := cutShape(rest, "00-00-00")
	if !ok {
		return 0
	}
	rest = cut
	if year, ok := cutShape(rest, "00"); ok {
		rest = year
	}
	switch {
	case bytes.HasSuffix(rest, []byte("\t")):
		return len(line) - len(rest) + 1
	case bytes.HasSuffix(rest, []byte(" ")): // a tab that became blanks
		return len(line) - len(bytes.TrimRight(rest, " "))
	}
	return 0
}

// cutShape cuts off the end of a line what has the shape: a 0 is any digit, a plus any
// sign.
func cutShape(line []byte, shape string) ([]byte, bool) {
	from := len(line) - len(shape)
	if from < 0 {
		return line, false
	}
	for i, c := range line[from:] {
		switch s := shape[i]; {
		case s == '0' && isDigit(c), s == '+' && (c == '+' || c == '-'), s == c && s != '0':
		default:
			return line, false
		}
	}
	return line[:from], true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hasEpoch reports whether the name of a side, the rest of the patch after it, has the time
// stamp with which GNU diff says that there is no file: the beginning of 1970, in any zone.
func hasEpoch(text []byte) bool {
	line := firstLine(text)
	tab := bytes.LastIndexByte(line, '\t')
	if tab < 0 || isOpen(line) {
		return false
	}
	stamp := string(line[tab+1 : len(line)-1])
	date, rest, _ := strings.Cut(stamp, " ")
	clock, zone, ok := strings.Cut(rest, " ")
	clock, fraction, has := strings.Cut(clock, ".")
	if !ok || has && (fraction == "" || strings.Trim(fraction, "0") != "") {
		return false
	}
	if left, ok := cutShape([]byte(clock), "00:00:00"); !ok || len(left) > 0 || clock[6:] != "00" {
		return false
	}
	zone = strings.Replace(zone, ":", "", 1)
	if left, ok := cutShape([]byte(zone), "+0000"); !ok || len(left) > 0 {
		return false
	}
	two := func(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
	offset := two(zone[1:])*60 + two(zone[3:])
	if zone[0] == '-' {
		offset = -offset
	}
	minute := two(clock)*60 + two(clock[3:]) - offset
	return date == "1970-01-01" && minute == 0 || date == "1969-12-31" && minute == 24*60
}
