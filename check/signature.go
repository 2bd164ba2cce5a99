package check

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signature names the way a test fails: a hash over its lines without what differs from
// run to run or moves when code above it grows. Stack frames and quoted source are left
// out; the values that a test compared stay, since other values are another failure.
func signature(lines []string) string {
	h := sha256.New()
	for _, line := range lines {
		if !frame(line) {
			h.Write([]byte(normal(line)))
			h.Write([]byte{'\n'})
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// frame reports whether a line is a stack frame or a quoted line of source.
func frame(line string) bool {
	s := strings.TrimSpace(line)
	switch {
	case s == "", s == "…", strings.Trim(s, "^~|- ") == "":
		return true
	case strings.HasPrefix(s, "at "), strings.HasPrefix(s, "File \""), strings.HasPrefix(s, "goroutine "), strings.HasPrefix(s, "created by "),
		strings.HasPrefix(s, "❯ "), strings.HasPrefix(s, "# ./"), strings.HasPrefix(s, "stack backtrace"), strings.HasPrefix(s, "... "), strings.HasPrefix(s, "[signal "),
		strings.HasPrefix(s, "async "), strings.HasPrefix(s, "duration_ms: "):
		return true
	}
	if i := strings.Index(s, "|"); i >= 0 && number(strings.TrimSpace(strings.TrimPrefix(s[:i], ">"))) {
		return true // 12 | source
	}
	if i := strings.Index(s, ": "); i > 0 && number(s[:i]) {
		return true // 3: rust::frame
	}
	if i := strings.Index(s, ".go:"); i > 0 && strings.HasPrefix(line, "\t") && strings.Contains(s[i:], " +0x") {
		return true
	}
	if open := strings.LastIndex(s, " ("); open > 0 && strings.HasSuffix(s, ")") && placed(s[open+2:len(s)-1]) {
		return true // Test.run (file:12:3)
	}
	return strings.HasSuffix(s, ")") && (strings.Contains(s, "(0x") || strings.Contains(s, "({0x")) || strings.HasSuffix(s, ".func1()")
}

// placed reports whether a text ends with a line and a column.
func placed(s string) bool {
	row, column := strings.TrimRight(s, "0123456789"), ""
	row, column = strings.TrimSuffix(row, ":"), s[len(row):]
	return column != "" && len(row)+len(column) < len(s) && strings.HasSuffix(strings.TrimRight(row, "0123456789"), ":") && number(row[len(row)-1:])
}

func number(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// normal replaces, in one pass over the words of a line, what differs from run to run.
func normal(line string) string {
	if head, rest, ok := strings.Cut(line, "' ("); ok && strings.Contains(head, "thread '") { // rust's number of a thread
		if id, rest, ok := strings.Cut(rest, ")"); ok && number(id) {
			line = head + "'" + rest
		}
	}
	var b strings.Builder
	for len(line) > 0 {
		n := 0
		for n < len(line) && !border(line[n]) {
			n++
		}
		if n > 0 {
			b.WriteString(normalWord(line[:n]))
			line = line[n:]
			continue
		}
		if c := line[0]; c == ' ' || c == '\t' {
			if s := b.String(); s != "" && s[len(s)-1] != ' ' {
				b.WriteByte(' ')
			}
		} else {
			b.WriteByte(c)
		}
		line = line[1:]
	}
	return strings.TrimSpace(b.String())
}

func border(c byte) bool {
	return c == ' ' || c == '\t' || strings.IndexByte("\"'`()[]{}<>,;=|", c) >= 0
}

func normalWord(w string) string {
	switch {
	case address(w):
		return "@"
	case uuid(w):
		return "U"
	case clock(w):
		return "T"
	case strings.ContainsAny(w, "/\\"):
		return normalPath(w)
	}
	return location(w)
}

// location takes the line and column off file.go:12:3, and as well a port off an address.
func location(w string) string {
	if name, rest, ok := strings.Cut(w, ":"); ok && (strings.Contains(name, ".") || name == "localhost" || name == "node") && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return name + ":" + strings.TrimLeft(rest, "0123456789:")
	}
	return w
}

// normalPath keeps the end of a path in a directory that only this run had.
func normalPath(w string) string {
	w = location(strings.TrimPrefix(w, "file://"))
	slash := strings.ReplaceAll(w, "\\", "/")
	for _, root := range []string{"/tmp/", "/var/folders/", "/private/", "/Temp/", "/home/", "/Users/", "/root/", "/builds/", "/work/"} {
		if strings.Contains(slash, root) {
			return "P/" + slash[strings.LastIndexByte(slash, '/')+1:]
		}
	}
	return w
}

func address(w string) bool {
	w = strings.TrimRight(w, ".:?")
	if !strings.HasPrefix(w, "0x") && !strings.HasPrefix(w, "+0x") && !strings.HasPrefix(w, "@0x") {
		return false
	}
	return len(w) > 6 || w[0] != '0'
}

func uuid(w string) bool {
	if len(w) != 36 || w[8] != '-' || w[13] != '-' || w[18] != '-' || w[23] != '-' {
		return false
	}
	for _, c := range []byte(w) {
		if c != '-' && !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// clock reports whether a word is a duration, a date or a time of day: 12.5ms, 2026-11-26T00:10:02Z, 00:10:02.
func clock(w string) bool {
	w = strings.TrimRight(w, ".:")
	if w == "" || w[0] < '0' || w[0] > '9' {
		return false
	}
	digits := strings.Trim(w, "0123456789.")
	switch digits {
	case "s", "ms", "µs", "μs", "ns", "sec", "secs", "seconds":
		return true
	}
	if strings.Count(w, ":") == 2 && strings.Trim(w, "0123456789:.TZ+-") == "" {
		return true
	}
	return len(w) >= 10 && (w[4] == '-' && w[7] == '-' || w[4] == '/' && w[7] == '/') && strings.Trim(w, "0123456789:.TZ+-/") == ""
}
