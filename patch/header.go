package patch

import (
	"bytes"
	"strconv"
	"strings"
)

// gitHeader gathers the lines below `diff --git`.
type gitHeader struct {
	head     string // what follows `diff --git `
	old, new string // of `---` and `+++`, as written; empty without
	from, to string // of rename and copy
	op       Op     // as the extended header lines say; empty when they do not
	index    Mode   // of the index line
	whole    bool   // no part of a name is cut off
}

// gitSection reads a file section that begins with `diff --git`.
func (p *parser) gitSection(f *File) error {
	g := gitHeader{head: string(cutLine(p.peek())[len("diff --git "):]), whole: p.whole}
	p.next()
	for {
		known, reason := g.line(f, string(cutLine(p.peek())))
		if reason != "" {
			return errAt(Malformed, p.line, "%s", reason)
		}
		if !known {
			break
		}
		p.next()
	}
	if reason := g.finish(f); reason != "" {
		return errAt(Malformed, f.line, "%s", reason)
	}
	switch line := cutLine(p.peek()); {
	case bytes.HasPrefix(line, []byte("@@@")):
		return errAt(Unsupported, p.line, "a combined diff of a merge cannot be applied; give the diff against one parent")
	case bytes.HasPrefix(line, []byte("@@")):
		if g.old == "" || g.new == "" {
			return errAt(Malformed, p.line, "the `---` and `+++` lines of %s are missing", show(f.Path()))
		}
		if err := p.hunks(f); err != nil {
			return err
		}
	case bytes.Equal(line, []byte("GIT binary patch")):
		if err := p.binary(f); err != nil {
			return err
		}
	case bytes.HasPrefix(line, []byte("Binary files ")) && bytes.HasSuffix(line, []byte(" differ")):
		p.next()
		f.Binary = &Binary{}
	case (g.old != "" || g.new != "") && f.Op != Create:
		return errAt(Malformed, p.line, "no hunk follows the file header of %s", show(f.Path()))
	}
	return f.consistent()
}

// line reads one line of the header. An unknown line ends the header.
func (g *gitHeader) line(f *File, line string) (known bool, reason string) {
	switch key, rest := headerKey(line); key {
	case "--- ", "+++ ":
		name, _, ok := fileName(rest)
		if !ok {
			return false, "the file header names no file"
		}
		if key == "--- " {
			g.old = name
		} else {
			g.new = name
		}
	case "old mode ":
		return true, readMode(rest, &f.OldMode)
	case "new mode ":
		return true, readMode(rest, &f.NewMode)
	case "deleted file mode ":
		return true, g.does(Delete) + readMode(rest, &f.OldMode)
	case "new file mode ":
		return true, g.does(Create) + readMode(rest, &f.NewMode)
	case "rename from ", "rename old ":
		return true, g.does(Rename) + readName(rest, &g.from)
	case "rename to ", "rename new ":
		return true, g.does(Rename) + readName(rest, &g.to)
	case "copy from ":
		return true, g.does(Copy) + readName(rest, &g.from)
	case "copy to ":
		return true, g.does(Copy) + readName(rest, &g.to)
	case "similarity index ", "dissimilarity index ":
		n, err := strconv.Atoi(strings.TrimSuffix(rest, "%"))
		if err != nil || n < 0 || n > 100 {
			return false, "the " + key + "is no percentage"
		}
		f.Score = n
	case "index ":
		return true, g.readIndex(f, rest)
	default:
		return false, ""
	}
	return true, ""
}

// headerKey splits a line into one of the words git knows and its value.
func headerKey(line string) (key, value string) {
	for _, key := range [...]string{
		"index ", "--- ", "+++ ", "old mode ", "new mode ", "deleted file mode ", "new file mode ",
		"rename from ", "rename to ", "rename old ", "rename new ", "copy from ", "copy to ",
		"similarity index ", "dissimilarity index ",
	} {
		if value, ok := strings.CutPrefix(line, key); ok {
			return key, value
		}
	}
	return "", ""
}

// does notes what the header says is done; it can say only one thing.
func (g *gitHeader) does(op Op) (reason string) {
	if g.op != "" && g.op != op {
		return "the header asks both to " + string(g.op) + " and to " + string(op)
	}
	g.op = op
	return ""
}

func readName(s string, name *string) (reason string) {
	if *name, _, _ = fileName(s); *name == "" {
		return "the header names no file"
	}
	return ""
}

// readMode reads an octal mode and reduces it to what git keeps of it.
func readMode(s string, mode *Mode) (reason string) {
	n, err := strconv.ParseUint(strings.TrimRight(s, " "), 8, 32)
	if err != nil {
		return "invalid mode " + strconv.Quote(clip(s))
	}
	switch m := Mode(n); m & modeType {
	case ModeFile & modeType:
		*mode = ModeFile
		if m&0o100 != 0 {
			*mode = ModeExec
		}
	case ModeLink, modeSubmodule:
		*mode = m & modeType
	default:
		return "invalid mode " + strconv.Quote(clip(s))
	}
	return ""
}

// readIndex reads `1234567..89abcde 100644`. Ids that are not hexadecimal are
// dropped, as git does: nothing depends on them but binary changes.
func (g *gitHeader) readIndex(f *File, s string) (reason string) {
	ids, mode, has := strings.Cut(s, " ")
	if old, new, ok := strings.Cut(ids, ".."); ok && isID(old) && isID(new) {
		f.OldID, f.NewID = old, new
	}
	if has {
		return readMode(mode, &g.index)
	}
	return ""
}

func isID(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// finish settles operation, names and modes from what the lines said.
func (g *gitHeader) finish(f *File) (reason string) {
	if g.op == "" {
		switch {
		case g.old == devNull:
			g.op = Create
		case g.new == devNull:
			g.op = Delete
		default:
			g.op = Modify
		}
	}
	old, new, cut, reason := g.names()
	if reason != "" {
		return reason
	}
	f.Op, f.Old, f.New = g.op, old, new
	switch g.op {
	case Create:
		f.Old, f.OldMode = "", 0
		if f.NewMode == 0 {
			f.NewMode = ModeFile
		}
	case Delete:
		f.New, f.NewMode = "", 0
		if f.OldMode == 0 {
			f.OldMode = ModeFile
		}
	default:
		if (f.OldMode == 0) != (f.NewMode == 0) {
			return "only one of old mode and new mode is given"
		}
		if f.OldMode == 0 {
			f.OldMode, f.NewMode = g.index, g.index
		}
	}
	if (g.old == "") != (g.new == "") {
		return "only one of the `---` and `+++` lines of " + show(f.Path()) + " is given"
	}
	if g.old != "" && (!agrees(g.old, f.Old, cut) || !agrees(g.new, f.New, cut)) {
		return "the lines of the file header name different files"
	}
	return ""
}

// agrees reports whether the name of a `---` or `+++` line is path; an empty path
// is /dev/null.
func agrees(name, path string, cut bool) bool {
	if path == "" || name == devNull {
		return name == devNull && path == ""
	}
	if cut {
		name, _ = strip(name)
	}
	return name == path
}

// names returns the paths before and after, and whether the names in `diff --git`,
// `---` and `+++` have a prefix to cut off. Those of rename and copy never do.
func (g *gitHeader) names() (old, new string, cut bool, reason string) {
	a, b, ok := headNames(g.head)
	if g.op == Rename || g.op == Copy {
		if g.from == "" || g.to == "" {
			return "", "", false, "the " + string(g.op) + " names only one file"
		}
		bare := ok && a == g.from && b == g.to || g.head == g.from+" "+g.to || g.head == quote(g.from)+" "+quote(g.to)
		return g.from, g.to, !bare, ""
	}
	if ok && (a == b || g.whole) {
		return a, a, false, ""
	}
	old, okOld := strip(a)
	new, okNew := strip(b)
	if ok && okOld && okNew && old == new {
		return old, new, true, ""
	}
	if g.old == "" || g.new == "" {
		return "", "", false, "the `diff --git` line does not name one file, and no line below it does"
	}
	name, err := plainNames(g.old, g.new)
	if err != nil || name == "" {
		return "", "", false, "the file header does not name one file"
	}
	return name, name, g.old != name && g.new != name, ""
}
