package spool

import "strings"

// trailers returns the values of a trailer in a commit's message, and whether there is
// one. They stand in the last paragraph, which is not the first, and in which every line
// is a trailer, the continuation of one, or git's note of a cherry-pick. Key's case does
// not count, as for git. Empty values are left out.
func trailers(message, key string) (values []string, found bool) {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(message, "\r\n", "\n"), "\n \t"), "\n")
	start := len(lines)
	for start > 0 && strings.TrimSpace(lines[start-1]) != "" {
		start--
	}
	if start == 0 {
		return nil, false
	}
	last := -1 // index in values of the trailer that a continuation belongs to
	for i, l := range lines[start:] {
		if l[0] == ' ' || l[0] == '\t' {
			if i == 0 {
				return nil, false
			}
			if last >= 0 {
				values[last] = strings.TrimSpace(values[last] + " " + strings.TrimSpace(l))
			}
			continue
		}
		last = -1
		if strings.HasPrefix(l, "(cherry picked from commit ") {
			continue
		}
		name, value, ok := strings.Cut(l, ":")
		if name = strings.TrimRight(name, " \t"); !ok || !token(name) {
			return nil, false
		}
		if strings.EqualFold(name, key) {
			values, found, last = append(values, strings.TrimSpace(value)), true, len(values)
		}
	}
	kept := values[:0]
	for _, v := range values {
		if v != "" {
			kept = append(kept, strings.ToValidUTF8(v, "?"))
		}
	}
	return kept, found
}

// token reports whether a word can be a trailer's key.
func token(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
