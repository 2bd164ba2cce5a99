package brief

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The parts of the text that are always the same.
const (
	preface    = "What follows is a part of a repository, for reference. File contents stand between fences exactly as they are, byte for byte.\n\n"
	titleMap   = "# Map of the repository\n\nEach line is a file and what it defines; it may be cut short.\n\n"
	titleDiff  = "# Diff of the pull request\n\n"
	titleFiles = "# Files\n\n"
)

// render puts the parts in their order: first what is the same for every request on
// one base.
func (b *Brief) render() string {
	var t strings.Builder
	t.WriteString(preface)
	for _, f := range b.Guidance {
		t.WriteString(f.section)
	}
	if b.Map != "" {
		t.WriteString(titleMap + b.Map + "\n")
	}
	if len(b.Files) > 0 {
		t.WriteString(titleFiles)
	}
	for _, f := range b.Files {
		t.WriteString(f.section)
	}
	if b.Diff != "" {
		t.WriteString(titleDiff + diffSection(b.Diff))
	}
	return t.String()
}

// fileSection is a file's heading and its content between fences.
func fileSection(f *file, text string) string {
	switch {
	case text == "":
		return "## " + shownPath(f.path) + "\n\n(the file is empty)\n\n"
	case !strings.HasSuffix(text, "\n"):
		return "## " + shownPath(f.path) + "\n\n" + Fenced(text, tag(f.path)) + "(no line break at the end of the file)\n\n"
	}
	return "## " + shownPath(f.path) + "\n\n" + Fenced(text, tag(f.path)) + "\n"
}

// span is some lines of a file: from the first to before the end, from 0.
type span struct{ from, to int }

// partsSection is a file's heading and some of its lines. What is left out is said
// outside of the fences, where nobody takes it for content.
func partsSection(f *file, lines []string, parts []span) string {
	var t strings.Builder
	shown := 0
	for _, s := range parts {
		shown += s.to - s.from
	}
	t.WriteString("## " + shownPath(f.path) + " (in parts)\n\nOnly " + plural(shown, "line") + " of " + strconv.Itoa(len(lines)) +
		" are shown. What is left out exists and is not empty: do not replace or quote it.\n\n")
	at := 0
	for _, s := range parts {
		t.WriteString(leftOut(s.from - at))
		t.WriteString(Fenced(strings.Join(lines[s.from:s.to], ""), tag(f.path)))
		t.WriteString("\n")
		at = s.to
	}
	t.WriteString(leftOut(len(lines) - at))
	return t.String()
}

func leftOut(n int) string {
	if n == 0 {
		return ""
	}
	return "(" + plural(n, "line") + " not shown)\n\n"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// diffSection is a diff between fences.
func diffSection(text string) string { return Fenced(text, "diff") + "\n" }

// Fenced puts a text between fences that are longer than any in it. A text without a
// line break at its end gets one, as the fence needs.
func Fenced(text, tag string) string {
	f := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	end := "\n"
	if strings.HasSuffix(text, "\n") {
		end = ""
	}
	return f + tag + "\n" + text + end + f + "\n"
}

func longestRun(text string, c byte) (longest int) {
	run := 0
	for i := range len(text) {
		if text[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// shownPath is a path as it stands in a heading: as it is, or quoted when it has
// characters that would break the line or hide in it.
func shownPath(p string) string {
	plain := strings.TrimSpace(p) == p && !strings.ContainsAny(p, "\"\\")
	for _, r := range p {
		plain = plain && unicode.IsPrint(r) && r != unicode.ReplacementChar
	}
	if plain {
		return p
	}
	return strconv.Quote(p)
}

// tag is the word behind an opening fence: the file's ending, when it is a plain one.
func tag(p string) string {
	ext := strings.TrimPrefix(path.Ext(p), ".")
	for i := range len(ext) {
		if !lower(ext[i]) && !digit(ext[i]) {
			return ""
		}
	}
	if len(ext) > 10 {
		return ""
	}
	return ext
}

// diffPart is what a diff says of one file.
type diffPart struct {
	path  string
	names []string // every name in its header: what is renamed has two
	text  string
}

// secret reports whether a part tells of a file that stays out.
func (p diffPart) secret() bool {
	return slices.ContainsFunc(p.names, secretName) || holdsSecret(p.text)
}

// diffParts takes a diff apart at the lines that begin a file. Without git's headers
// these are the lines of a "---" before a "+++": a removed line can look like the first
// alone.
func diffParts(diff string) (parts []diffPart) {
	if diff == "" {
		return nil
	}
	git := strings.HasPrefix(diff, "diff --git ") || strings.Contains(diff, "\ndiff --git ")
	lines := strings.SplitAfter(diff, "\n")
	var text strings.Builder
	end := func() {
		if len(parts) > 0 {
			parts[len(parts)-1].text = text.String()
		}
		text.Reset()
	}
	header := false
	for i, line := range lines {
		plain := strings.HasPrefix(line, "--- ") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "+++ ")
		if len(parts) == 0 || strings.HasPrefix(line, "diff --git ") || !git && plain {
			end()
			parts = append(parts, diffPart{path: headerPath(line)})
			header = true
		}
		p := &parts[len(parts)-1]
		if header = header && !strings.HasPrefix(line, "@@"); header {
			p.take(line)
		}
		text.WriteString(line)
	}
	end()
	return parts
}

// take reads the names in a line of a part's header.
func (p *diffPart) take(line string) {
	line = strings.TrimRight(line, "\r\n")
	for _, key := range []string{"--- ", "+++ ", "rename from ", "rename to ", "copy from ", "copy to "} {
		name, ok := strings.CutPrefix(line, key)
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "\t") // a time stamp
		name = strings.Trim(name, `" `)
		for _, prefix := range []string{"a/", "b/"} {
			if bare, ok := strings.CutPrefix(name, prefix); ok && !strings.HasPrefix(key, "rename") && !strings.HasPrefix(key, "copy") {
				name = bare
				break
			}
		}
		p.names = append(p.names, name)
		if key == "+++ " && name != "/dev/null" || key == "--- " && len(p.names) == 1 {
			p.path = name
		}
		return
	}
	if rest, ok := strings.CutPrefix(line, "diff --git "); ok {
		for _, name := range strings.Fields(rest) {
			p.names = append(p.names, strings.Trim(name, `"`))
		}
	}
}

// headerPath is the path in a line that begins a file of a diff.
func headerPath(line string) string {
	line = strings.TrimSpace(line)
	if i := strings.LastIndex(line, " b/"); i >= 0 {
		return strings.Trim(line[i+3:], `"`)
	}
	return strings.Trim(strings.TrimPrefix(strings.TrimPrefix(line, "--- "), "a/"), `"`)
}
