package patch

import (
	"bytes"
	"strconv"
	"strings"
)

// gitHeader gathers what the lines of a header that git wrote say.
type gitHeader struct {
	names nameRule

	both     string // the name that stands twice in `diff --git`; empty if none does
	old, new string // the names so far

	creates, deletes, renames, copies bool

	oldMode, newMode Mode
	oldID, newID     string
	score            int
}

// gitHeader reads the header of a section that begins with `diff --git`. It is nil when
// nothing of one follows that line: then the next section may be what it belongs to.
func (p *parser) gitHeader(f *File) (*gitHeader, error) {
	g := &gitHeader{names: p.names, old: p.bare, new: p.bare}
	g.both = p.names.both(p.peek()[len("diff --git "):])
	p.next()
	begin := p.off
	for {
		line := p.peek()
		if len(line) == 0 || isOpen(line) {
			break
		}
		known, reason := g.line(p.text[p.off:])
		if reason == "" && g.extensions() > 1 {
			reason = "the header asks for more than one of: create, delete, rename, copy"
		}
		if reason != "" {
			return nil, errAt(Malformed, p.line, "%s", reason)
		}
		if !known {
			break
		}
		p.next()
	}
	empty := p.off == begin
	if reason := g.settle(p.bare, empty); reason != "" {
		return nil, errAt(Malformed, f.line, "%s", reason)
	}
	if empty {
		if p.bare = g.new; p.odd == nil {
			p.odd = errAt(Malformed, f.line, "nothing that git knows follows the `diff --git` line")
		}
		return nil, nil
	}
	g.fill(f)
	return g, nil
}

func (g *gitHeader) extensions() (n int) {
	for _, said := range [...]bool{g.creates, g.deletes, g.renames, g.copies} {
		if said {
			n++
		}
	}
	return n
}

// line reads the first line of text, the rest of the patch. An unknown line ends the
// header.
func (g *gitHeader) line(text []byte) (known bool, reason string) {
	key, _ := headerKey(string(firstLine(text)))
	rest := text[len(key):]
	switch key {
	case "--- ":
		return true, g.side(rest, &g.old, g.creates)
	case "+++ ":
		return true, g.side(rest, &g.new, g.deletes)
	case "old mode ":
		return true, strictMode(rest, &g.oldMode)
	case "new mode ":
		return true, strictMode(rest, &g.newMode)
	case "deleted file mode ":
		g.deletes, g.old = true, g.both
		return true, strictMode(rest, &g.oldMode)
	case "new file mode ":
		g.creates, g.new = true, g.both
		return true, strictMode(rest, &g.newMode)
	case "rename from ", "rename old ":
		g.renames, g.old = true, g.names.whole(rest)
	case "rename to ", "rename new ":
		g.renames, g.new = true, g.names.whole(rest)
	case "copy from ":
		g.copies, g.old = true, g.names.whole(rest)
	case "copy to ":
		g.copies, g.new = true, g.names.whole(rest)
	case "similarity index ", "dissimilarity index ":
		if n, _, _ := number(string(firstLine(rest))); n <= 100 {
			g.score = n
		}
	case "index ":
		return true, g.ids(string(firstLine(rest)))
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

// side takes the name of a `---` or `+++` line; null: there must be none.
func (g *gitHeader) side(text []byte, name *string, null bool) (reason string) {
	switch {
	case null && *name == "" && !isDevNull(text), null && *name != "":
		return "the header has a name where /dev/null is expected"
	case null:
	case *name == "":
		*name = g.names.tabbed(text)
	case g.names.tabbed(text) != *name:
		return "the lines of the file header name different files"
	}
	return ""
}

// ids reads `1234567..89abcde 100644`. Ids that are not hexadecimal are dropped: nothing
// depends on them but binary changes.
func (g *gitHeader) ids(line string) (reason string) {
	old, rest, ok := strings.Cut(line, "..")
	if !ok || !isIDLength(len(old)) || strings.Contains(old, ".") {
		return ""
	}
	new, mode, has := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
	if !isIDLength(len(new)) {
		return ""
	}
	if new = strings.TrimSuffix(new, "\r"); isID(old) && isID(new) {
		g.oldID, g.newID = old, new
	}
	if has {
		return strictMode([]byte(mode+"\n"), &g.oldMode)
	}
	return ""
}

// isIDLength reports whether n digits can be an id of one of git's hashes: git takes
// what is longer than its own for no index line.
func isIDLength(n int) bool { return n <= 40 || n == 64 }

func isID(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// settle decides the names. bare is that of a header line above, which git takes for a
// part of this header: where it would then be the name, git changes the wrong file or
// refuses.
func (g *gitHeader) settle(bare string, empty bool) (reason string) {
	if bare != "" && !empty && !g.renames && !g.copies && (g.both != bare || g.creates || g.deletes) {
		return "the `diff --git` line of " + show(bare) + " above has nothing below it"
	}
	if g.old == "" && g.new == "" {
		g.old, g.new = g.both, g.both
	}
	switch {
	case g.new == "" && !g.deletes, g.old == "" && !g.creates:
		return "the `diff --git` line does not name one file, and no line below it does" + g.names.wants()
	case g.creates && g.old != "":
		return "the header names an old file, and is to create one"
	}
	return ""
}

// changes reports whether the header alone does something.
func (g *gitHeader) changes() bool {
	return g.extensions() > 0 || g.oldMode != 0 && g.newMode != 0 && g.oldMode != g.newMode
}

// fill makes a file section of the header.
func (g *gitHeader) fill(f *File) {
	f.OldID, f.NewID, f.Score = g.oldID, g.newID, g.score
	f.Op, f.Old, f.New = Modify, g.old, g.new
	switch {
	case g.creates:
		f.Op, f.Old = Create, ""
	case g.deletes:
		f.Op, f.New = Delete, ""
	case g.copies:
		f.Op = Copy
	case g.old != g.new:
		f.Op, f.unsaid = Rename, !g.renames
	}
	f.saidModes(g.oldMode, g.newMode)
}

// saidModes sets the modes that a header says; 0: it does not.
func (f *File) saidModes(old, new Mode) {
	switch f.Op {
	case Create:
		f.NewMode = orMode(new, ModeFile)
	case Delete:
		f.OldMode = orMode(old, ModeFile)
	default:
		f.OldMode, f.NewMode, f.sets = old, orMode(new, old), new != 0
	}
}

func orMode(mode, other Mode) Mode {
	if mode != 0 {
		return mode
	}
	return other
}

func readName(s string, name *string) (reason string) {
	if *name, _, _ = fileName(s); *name == "" {
		return "the header names no file"
	}
	return ""
}

// strictMode reads an octal mode, which a blank ends, and reduces it to what git keeps
// of it.
func strictMode(text []byte, mode *Mode) (reason string) {
	line := string(firstLine(text))
	end := strings.IndexAny(line, " \t\r\n")
	if end < 0 {
		return "invalid mode " + strconv.Quote(clip(line))
	}
	return readMode(line[:end], mode)
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

// isDevNull reports whether the name of a side, the rest of the patch after it, says
// that there is no file.
func isDevNull(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte(devNull))
	return ok && len(rest) > 0 && isSpace(rest[0])
}

// isSpace reports whether git takes a byte for white space.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
