package brief

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The map names every directory of the tree that has room, its files, and what they
// define. It does not depend on the words.
const mapDefs = 12 // names of one file

// mapLine is one file's line, in a long form and a short one.
type mapLine struct {
	path  string
	names []string
}

// mapOf makes the map for a share of tokens: all files with as many names each as
// there is room for; else the files that change most; else directories with counts.
func (p *plan) mapOf(share int) string {
	var lines []mapLine
	for _, f := range p.tree.files {
		if p.tree.hidden[f.path] != "" || f.low || f.doc != nil && (f.doc.reason != "" || f.doc.generated) {
			continue
		}
		lines = append(lines, mapLine{f.path, defNames(f.doc)})
	}
	byUse := slices.Clone(lines)
	slices.SortStableFunc(byUse, func(a, b mapLine) int {
		return cmp.Or(descending(p.history.prior[p.index[a.path]], p.history.prior[p.index[b.path]]), strings.Compare(a.path, b.path))
	})
	// A name costs two tokens at least: files beyond share/2 cannot be in it.
	byUse = byUse[:min(len(byUse), max(share/2, 0))]
	fits := func(names, files int) string {
		text := renderMap(byUse[:files], lines, names)
		if p.count(text) > share {
			return ""
		}
		return text
	}
	if n := mostThatFit(mapDefs, func(n int) bool { return fits(n, len(byUse)) != "" || n == 0 }); n > 0 {
		return fits(n, len(byUse))
	}
	n := mostThatFit(len(byUse), func(n int) bool { return fits(2, n) != "" || n == 0 })
	if n == 0 {
		return ""
	}
	return fits(2, n)
}

// defNames are the names of a file's definitions, those at the top first.
func defNames(d *doc) (names []string) {
	if d == nil {
		return nil
	}
	for _, top := range []bool{true, false} {
		for _, def := range d.defs {
			if def.Top == top && len(names) < mapDefs && plainName(def.Name) && !slices.Contains(names, def.Name) {
				names = append(names, def.Name)
			}
		}
	}
	return names
}

// plainName reports whether a name can stand in a line of the map: short, and of
// printable characters. Fences cannot come of it.
func plainName(name string) bool {
	return len(name) <= 60 && shownPath(name) == name && !strings.Contains(name, "```")
}

// renderMap lists some of the files by directory, and says how many more each
// directory has.
func renderMap(some, all []mapLine, names int) string {
	in, total := map[string][]mapLine{}, map[string]int{}
	for _, l := range all {
		total[path.Dir(l.path)]++
	}
	var dirs []string
	for _, l := range some {
		dir := path.Dir(l.path)
		if in[dir] == nil {
			dirs = append(dirs, dir)
		}
		in[dir] = append(in[dir], l)
	}
	slices.Sort(dirs)
	var t strings.Builder
	for _, dir := range dirs {
		t.WriteString(shownPath(dir) + "/\n")
		files := in[dir]
		slices.SortFunc(files, func(a, b mapLine) int { return strings.Compare(a.path, b.path) })
		for _, l := range files {
			t.WriteString("  " + shownPath(path.Base(l.path)))
			for i, name := range l.names[:min(len(l.names), names)] {
				t.WriteString([]string{": ", ", "}[min(i, 1)] + name)
			}
			t.WriteString("\n")
		}
		if more := total[dir] - len(files); more > 0 {
			t.WriteString("  (" + plural(more, "more file") + ")\n")
		}
	}
	if len(some) < len(all) {
		t.WriteString("(" + strconv.Itoa(len(some)) + " of " + plural(len(all), "file") + ")\n")
	}
	return t.String()
}
