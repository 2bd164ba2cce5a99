package config

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent"

	"github.com/goccy/go-yaml/ast"
)

// Set writes one setting into a settings file, which need not exist. Everything
// else in the file stays as it is, byte for byte. The value is checked first, and
// the file afterwards; only then the new file takes the old one's place.
// Errors: Invalid for a key, a value, or a file that makes no sense; else the disk's.
func Set(path, key, text string) error {
	k, err := Lookup(key)
	if err != nil {
		return err
	}
	want := &Config{}
	if err := k.assign(want, k.split(text)); err != nil {
		return agent.Errorf(agent.Invalid, "%s: %w", key, err)
	}
	old, err := readFile(path)
	if err != nil {
		return err
	}
	if old == nil {
		old = []byte("# Settings of agent; `agent config list` shows all of them.\n")
	}
	d, err := parse(path, old)
	if err != nil {
		return err
	}
	data, err := d.edit(k, encode(k, text))
	if err != nil {
		return err
	}
	if err := d.verify(data, k, want); err != nil {
		return err
	}
	return replace(path, data)
}

// verify reads the new text as Load will: the one setting must be what was asked
// for, and every other what it was in d.
func (d *document) verify(data []byte, k Key, want *Config) error {
	after, err := parse(d.file, data)
	if err != nil {
		return err
	}
	was, is := &Config{}, &Config{}
	names := keyNames(Keys())
	if err := d.leaves(names, func(l leaf) error { return d.repairing(k, was, l) }); err != nil {
		return err
	}
	if err := after.leaves(names, func(l leaf) error { return after.assign(is, l, User) }); err != nil {
		return err
	}
	for _, key := range Keys() {
		expected := was
		if key.Name == k.Name {
			expected = want
		}
		if key.format(key.field(expected)) != key.format(key.field(is)) {
			return agent.Errorf(agent.Invalid, "%s cannot be set in %s without changing %s", k.Name, d.file, key.Name).
				WithHint("write it there with an editor")
		}
	}
	return nil
}

// repairing reads a value of the old text. The one that is being replaced may be
// wrong: setting it is how it is put right.
func (d *document) repairing(k Key, c *Config, l leaf) error {
	if l.name == k.Name {
		return nil
	}
	return d.assign(c, l, User)
}

// encode writes a value as YAML on one line.
func encode(k Key, text string) string {
	switch k.Unit {
	case Text:
		return quote(text)
	case Names:
		list := k.split(text)
		for i := range list {
			list[i] = quote(list[i])
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	return text
}

// edit returns the file's text with the setting's value replaced or added. It works
// on lines, at the places the syntax tree names: rendering the tree anew would keep
// comments, but not the blank lines and columns that people align them to.
func (d *document) edit(k Key, value string) ([]byte, error) {
	put := func(at, replaced int, texts ...string) []byte {
		lines := slices.Replace(slices.Clone(d.lines), at, at+replaced, texts...)
		if lines[len(lines)-1] != "" {
			lines = append(lines, "")
		}
		return []byte(strings.Join(lines, d.eol))
	}
	group, last, grouped := strings.Cut(k.Name, ".")
	if !grouped {
		group, last = "", k.Name
	}
	outer := d.entry(d.root, cmp.Or(group, last))
	if !grouped {
		return d.place(put, outer, d.root, last, value)
	}
	if outer == nil {
		at := d.end()
		return put(at, 0, group+":", "  "+last+": "+value), nil
	}
	if err := d.block(outer, d.root); err != nil {
		return nil, err
	}
	line := outer.Key.GetToken().Position.Line
	switch inner := outer.Value.(type) {
	case *ast.NullNode:
		return put(line, 0, "  "+last+": "+value), nil
	case *ast.MappingNode:
		return d.place(put, d.entry(inner, last), inner, last, value)
	}
	return nil, d.fail(outer.Key.GetToken(), "", "%s is a group, its values stand below it", group)
}

// place replaces an entry of the mapping m, or adds one after its last.
func (d *document) place(put func(at, replaced int, texts ...string) []byte, e *ast.MappingValueNode, m *ast.MappingNode, name, value string) ([]byte, error) {
	if m == nil || len(m.Values) == 0 {
		if m != nil {
			return nil, d.oneLine(m)
		}
		return put(d.end(), 0, name+": "+value), nil
	}
	near := cmp.Or(e, m.Values[len(m.Values)-1])
	if err := d.block(near, m); err != nil {
		return nil, err
	}
	at := near.Key.GetToken().Position
	indent := strings.Repeat(" ", at.Column-1)
	if e == nil {
		keys := d.keyLines(near.Value, []int{at.Line})
		return put(d.until(slices.Max(keys)), 0, indent+name+": "+value), nil
	}
	first, end := at.Line-1, d.until(at.Line)
	return put(first, end-first, indent+name+": "+value+d.remark(e, end-first)), nil
}

// entry returns the mapping's entry of that name, or nil.
func (d *document) entry(m *ast.MappingNode, wanted string) *ast.MappingValueNode {
	if m == nil {
		return nil
	}
	for _, e := range m.Values {
		if n, _ := name(e); n == wanted {
			return e
		}
	}
	return nil
}

// block refuses an entry that does not stand at the beginning of a line.
func (d *document) block(e *ast.MappingValueNode, m *ast.MappingNode) error {
	at := e.Key.GetToken().Position
	if m.IsFlowStyle || strings.TrimSpace(prefix(d.lines[at.Line-1], at.Column-1)) != "" {
		return d.oneLine(m)
	}
	return nil
}

func (d *document) oneLine(m *ast.MappingNode) error {
	return d.fail(start(m), "give each setting a line of its own, then set it again", "settings written as {…} cannot be changed one by one")
}

// until returns the index of the line after the entry whose key stands on the given
// line. What follows the entry, up to the next key, is its value; blank lines and
// comments at the end belong to what comes after.
func (d *document) until(line int) int {
	end := d.end()
	for _, next := range d.keyLines(d.root, nil) {
		if next > line {
			end = min(end, next-1)
		}
	}
	for end > line && comment(d.lines[end-1]) {
		end--
	}
	return end
}

// end is the index of the line where a new top-level entry goes: after all that
// has content, but before a mark that closes the document.
func (d *document) end() int {
	end := len(d.lines)
	for end > 0 && (strings.TrimSpace(d.lines[end-1]) == "" || strings.TrimSpace(d.lines[end-1]) == "...") {
		end--
	}
	return end
}

// keyLines appends the lines on which the keys below n stand.
func (d *document) keyLines(n ast.Node, lines []int) []int {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, e := range m.Values {
			lines = d.keyLines(e.Value, append(lines, e.Key.GetToken().Position.Line))
		}
	}
	return lines
}

func comment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

// remark returns the comment behind an entry of one line, with the space before it.
func (d *document) remark(e *ast.MappingValueNode, height int) string {
	line := d.lines[e.Key.GetToken().Position.Line-1]
	if height != 1 {
		return ""
	}
	for t := e.Key.GetToken(); t != nil && t.Position.Line == e.Key.GetToken().Position.Line; t = t.Next {
		before := prefix(line, t.Position.Column-1)
		if rest := line[len(before):]; strings.HasPrefix(rest, "#") && strings.TrimPrefix(rest, "#") == t.Value {
			return before[len(strings.TrimRight(before, " \t")):] + rest
		}
	}
	return ""
}

// prefix returns the first n runes of a line: columns count runes.
func prefix(line string, n int) string {
	for i := range line {
		if n == 0 {
			return line[:i]
		}
		n--
	}
	return line
}

// replace puts data in the place of the file path in one step. A link stays a link:
// people keep their settings in a repository of their own.
func replace(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, err)
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	temp, err := os.CreateTemp(dir, ".config-*.yaml")
	if err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, err)
	}
	_, werr := temp.Write(data)
	err = errors.Join(werr, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
