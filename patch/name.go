package patch

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// devNull stands for the side of a diff that has no file.
const devNull = "/dev/null"

// quote writes a path as git does: in C style when it holds a quote, a backslash,
// a control character or a byte beyond ASCII, else as it is.
func quote(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= 0x7f }) {
		return path
	}
	const named = "\a\b\t\n\v\f\r\"\\"
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		c := path[i]
		switch n := strings.IndexByte(named, c); {
		case n >= 0:
			b.WriteByte('\\')
			b.WriteByte(`abtnvfr"\`[n])
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// show writes a path for a message: quoted only where it would not print well.
func show(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '�' }) {
		return quote(path)
	}
	return path
}

// unquote reads the C-style quoted name at the start of s and returns what follows it.
func unquote(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", s, false
			}
			if n := strings.IndexByte(`abtnvfr"\`, s[i]); n >= 0 {
				b.WriteByte("\a\b\t\n\v\f\r\"\\"[n])
				continue
			}
			if i+3 > len(s) || s[i] > '3' || !octal(s[i:i+3]) {
				return "", s, false
			}
			b.WriteByte((s[i]-'0')<<6 | (s[i+1]-'0')<<3 | (s[i+2] - '0'))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return "", s, false
}

func octal(s string) bool { return s != "" && strings.Trim(s, "01234567") == "" }

// fileName reads the name of a `--- ` or `+++ ` line, the marker cut off. What
// follows a tab, and what looks like a time stamp, does not belong to it; epoch
// reports that the stamp is the one GNU diff gives to a file that is not there.
func fileName(s string) (name string, epoch, ok bool) {
	if strings.HasPrefix(s, `"`) {
		name, rest, ok := unquote(s)
		rest, stamp, _ := cutStamp(rest)
		more, _, _ := strings.Cut(rest, "\t") // only the first part of it was quoted
		return name + strings.TrimRight(more, " "), isEpoch(stamp), ok && name != ""
	}
	if name, ok := strings.CutSuffix(s, "\t"); ok { // git's end of a name with blanks
		return name, false, name != ""
	}
	name, stamp, ok := cutStamp(s)
	if !ok {
		name, _, _ = strings.Cut(s, "\t")
	}
	return name, ok && isEpoch(stamp), name != ""
}

// cutStamp splits a date, a time and a zone off the end of s.
func cutStamp(s string) (name string, stamp time.Time, ok bool) {
	cut := len(s)
	for range 3 {
		if cut = strings.LastIndexAny(s[:cut], " \t"); cut < 0 {
			return s, time.Time{}, false
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00"} {
		if stamp, err := time.Parse(layout, s[cut+1:]); err == nil {
			return strings.TrimRight(s[:cut], " \t"), stamp, true
		}
	}
	return s, time.Time{}, false
}

func isEpoch(stamp time.Time) bool { return stamp.Unix() == 0 && stamp.Nanosecond() == 0 }

// strip cuts the first directory off a name, as `-p1` does.
func strip(name string) (string, bool) {
	_, rest, ok := strings.Cut(name, "/")
	return rest, ok && rest != ""
}

// headNames splits what follows `diff --git `. Names that are not quoted can hold
// blanks, so the place to split is the one where both sides name the same file;
// ok is false when there is none, which is right only for renames and copies.
func headNames(head string) (a, b string, ok bool) {
	if strings.HasPrefix(head, `"`) {
		a, rest, ok := unquote(head)
		if !ok || !strings.HasPrefix(rest, " ") {
			return "", "", false
		}
		rest = rest[1:]
		if strings.HasPrefix(rest, `"`) {
			b, rest, ok = unquote(rest)
			return a, b, ok && rest == ""
		}
		return a, rest, rest != ""
	}
	if strings.HasSuffix(head, `"`) {
		i := strings.Index(head, ` "`)
		if i < 1 {
			return "", "", false
		}
		b, rest, ok := unquote(head[i+1:])
		return head[:i], b, ok && rest == ""
	}
	if len(head) > 2*MaxPath+2 {
		return "", "", false
	}
	for i := range len(head) {
		if head[i] != ' ' {
			continue
		}
		a, b := head[:i], head[i+1:]
		if a == b {
			return a, b, true
		}
		if x, ok := strip(a); ok {
			if y, ok := strip(b); ok && x == y {
				return a, b, true
			}
		}
	}
	return "", "", false
}

// cutLine returns line without its line end. A name that ends in a carriage
// return is quoted, so one at the end of a header line belongs to the line end.
func cutLine(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}
