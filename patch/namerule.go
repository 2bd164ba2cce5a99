package patch

import (
	"bytes"
	"path"
	"strings"
)

// nameRule says how a name in a patch becomes a path of the tree: parts are cut off its
// front, and a directory is put there. The methods take the rest of the patch from the
// name on, and return an empty name where there is none.
type nameRule struct {
	strip int    // parts to cut off
	root  string // the directory, with a slash at its end, or nothing
}

const maxNameLine = 8 * MaxPath // bytes of a line that is looked through for names

// newNameRule returns the rule of -p and --directory; guess: -p is not said.
func newNameRule(strip int, directory string) (r nameRule, guess bool, reason string) {
	switch {
	case strip == 0:
		r.strip, guess = 1, true
	case strip > 0:
		r.strip = strip
	}
	if directory == "" {
		return r, guess, ""
	}
	switch dir := path.Clean(directory); {
	case dir == ".." || strings.HasPrefix(dir, "../"):
		return r, guess, "the directory to put before each name lies outside the tree"
	case dir != ".":
		r.root = strings.TrimSuffix(dir, "/") + "/"
	}
	return r, guess, ""
}

// wants says for a message that names need more parts than one.
func (r nameRule) wants() string {
	if r.strip == 0 {
		return ""
	}
	return "; the first part of a name, as a/ or b/, is cut off"
}

// whole reads a name that never has the prefix of a side, and may hold any blank.
func (r nameRule) whole(text []byte) string {
	r.strip = max(r.strip-1, 0)
	return r.named(text, "\n\r", "")
}

// tabbed reads a name that a tab ends.
func (r nameRule) tabbed(text []byte) string { return r.named(text, "\n\r\t", "") }

// plain reads a name in a section that git did not write: a time stamp or a tab ends it.
// Of it and other, which may be empty, the shorter is meant where one begins the other.
func (r nameRule) plain(text []byte, other string) string {
	if len(text) > 0 && text[0] == '"' {
		if name, ok := r.quoted(text); ok {
			return name
		}
	}
	line := bytes.TrimSuffix(firstLine(text), []byte("\n"))
	if n := stampLen(line); n > 0 {
		return r.cut(line[:len(line)-n], other)
	}
	return r.until(text, "\n\r\t", other)
}

func (r nameRule) named(text []byte, ends, other string) string {
	if len(text) > 0 && text[0] == '"' {
		if name, ok := r.quoted(text); ok {
			return name
		}
	}
	return r.until(text, ends, other)
}

func (r nameRule) until(text []byte, ends, other string) string {
	end := bytes.IndexAny(text, ends)
	if end < 0 {
		end = len(text)
	}
	return r.cut(text[:end], other)
}

// cut applies the rule to a name that is not quoted.
func (r nameRule) cut(name []byte, other string) string {
	rest, ok := skipParts(string(name), r.strip)
	if !ok || rest == "" {
		return other
	}
	if other != "" && len(other) < len(rest) && strings.HasPrefix(rest, other) {
		return other
	}
	return squash(r.root + rest)
}

// quoted applies the rule to a name in quotes, as GNU diff and git write strange ones.
func (r nameRule) quoted(text []byte) (string, bool) {
	name, _, ok := unquote(string(text[:min(len(text), maxNameLine)]))
	if !ok {
		return "", false
	}
	rest, ok := skipParts(name, r.strip)
	return squash(r.root + rest), ok
}

// both reads what follows `diff --git`: the name that stands there twice, once with the
// prefix of each side. Where names are not quoted that is also the only way to tell where
// one ends.
func (r nameRule) both(text []byte) string {
	line := string(firstLine(text))
	if len(line) > maxNameLine {
		return ""
	}
	line = strings.TrimSuffix(line, "\n")
	name, ok := "", false
	if strings.HasPrefix(line, `"`) {
		name, ok = r.quotedFirst(line)
	} else {
		name, ok = r.unquotedFirst(line)
	}
	if !ok || name == "" {
		return ""
	}
	return r.root + name
}

func (r nameRule) quotedFirst(line string) (string, bool) {
	first, second, ok := unquote(line)
	if !ok {
		return "", false
	}
	if first, ok = r.relative(first); !ok {
		return "", false
	}
	second = strings.TrimLeft(second, " \t\r")
	if strings.HasPrefix(second, `"`) {
		if second, _, ok = unquote(second); !ok {
			return "", false
		}
	}
	second, ok = r.relative(second)
	return first, ok && first == second
}

func (r nameRule) unquotedFirst(line string) (string, bool) {
	name, ok := r.relative(line)
	if !ok {
		return "", false
	}
	if i := strings.IndexByte(name, '"'); i >= 0 { // only the second name can begin there
		second, _, ok := unquote(name[i:])
		if !ok {
			return "", false
		}
		second, ok = r.relative(second)
		return second, ok && len(second) < i && strings.HasPrefix(name, second) && isSpace(name[len(second)])
	}
	return r.twice(name)
}

// twice returns what stands both before a blank and, behind the parts to cut off, at the
// end.
func (r nameRule) twice(name string) (string, bool) {
	var slashes []int
	for i := range len(name) {
		if name[i] == '/' {
			slashes = append(slashes, i)
		}
	}
	for i := range len(name) {
		if name[i] != ' ' && name[i] != '\t' || i+1 == len(name) {
			continue
		}
		for len(slashes) > 0 && slashes[0] < i {
			slashes = slashes[1:]
		}
		from := i + 1
		if len(slashes) < r.strip {
			return "", false
		}
		if name[from] == '/' && r.strip <= 1 {
			continue
		}
		if r.strip > 0 {
			from = slashes[r.strip-1] + 1
		}
		if len(name)-from == i && name[from:] == name[:i] {
			return name[:i], true
		}
	}
	return "", false
}

// relative cuts the parts off a name of `diff --git`; an absolute one has none.
func (r nameRule) relative(name string) (string, bool) {
	if strings.HasPrefix(name, "/") && r.strip <= 1 {
		return "", false
	}
	return skipParts(name, r.strip)
}

// skipParts cuts n parts off the front of a name.
func skipParts(name string, n int) (string, bool) {
	for ; n > 0; n-- {
		i := strings.IndexByte(name, '/')
		if i < 0 {
			return "", false
		}
		name = name[i+1:]
	}
	return name, true
}

// squash makes one slash of several.
func squash(name string) string {
	for strings.Contains(name, "//") {
		name = strings.ReplaceAll(name, "//", "/")
	}
	return name
}
