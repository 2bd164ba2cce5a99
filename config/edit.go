package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// edit returns the file's text with the value at the path replaced or added. It works
// on lines, at the places the syntax tree names: rendering the tree anew would keep
// comments, but not the blank lines and columns that people align them to.
func (d *document) edit(path []string, value string) ([]byte, error) {
	m := d.root
	for depth, part := range path {
		rest, e := path[depth:], d.entry(m, part)
		if e == nil && (m == nil || depth == 0 && len(path) > 1) {
			return d.put(d.end(), 0, nested(rest, value, "")...), nil
		}
		if e == nil || depth == len(path)-1 {
			return d.place(e, m, rest, value)
		}
		if err := d.block(e, m); err != nil {
			return nil, err
		}
		at := e.Key.GetToken().Position
		switch inner := e.Value.(type) {
		case *ast.NullNode:
			return d.put(at.Line, 0, nested(rest[1:], value, strings.Repeat(" ", at.Column+1))...), nil
		case *ast.MappingNode:
			if inner.IsFlowStyle {
				return d.placeFlow(e, inner, rest[1:], value)
			}
			m = inner
		default:
			return nil, d.fail(e.Key.GetToken(), "", "%s is a group, its values stand below it", part)
		}
	}
	return nil, nil
}

// put returns the text with lines replaced, or added where none are.
func (d *document) put(at, replaced int, texts ...string) []byte {
	lines := slices.Replace(slices.Clone(d.lines), at, at+replaced, texts...)
	if lines[len(lines)-1] != "" {
		lines = append(lines, "")
	}
	return []byte(strings.Join(lines, d.eol))
}

// nested writes a value below the names of its path, a line each.
func nested(path []string, value, indent string) []string {
	var lines []string
	for i, part := range path {
		line := indent + strings.Repeat("  ", i) + quote(part) + ":"
		if i == len(path)-1 {
			line += " " + value
		}
		lines = append(lines, line)
	}
	return lines
}

// place replaces the entry e of the mapping m, or adds one after its last.
func (d *document) place(e *ast.MappingValueNode, m *ast.MappingNode, path []string, value string) ([]byte, error) {
	if m == nil {
		return d.put(d.end(), 0, nested(path, value, "")...), nil
	}
	if len(m.Values) == 0 {
		return nil, d.oneLine(m)
	}
	near := cmp.Or(e, m.Values[len(m.Values)-1])
	if err := d.block(near, m); err != nil {
		return nil, err
	}
	at := near.Key.GetToken().Position
	indent := strings.Repeat(" ", at.Column-1)
	if e == nil {
		keys := d.keyLines(near.Value, []int{at.Line})
		return d.put(d.until(slices.Max(keys)), 0, nested(path, value, indent)...), nil
	}
	first, end := at.Line-1, d.until(at.Line)
	lines := nested(path, value, indent)
	lines[0] += d.remark(e, end-first)
	return d.put(first, end-first, lines...), nil
}

// placeFlow writes the one line of e, whose value is the mapping m in braces, anew.
// No comment can stand within it. An empty value takes the path out.
func (d *document) placeFlow(e *ast.MappingValueNode, m *ast.MappingNode, path []string, value string) ([]byte, error) {
	at := e.Key.GetToken().Position
	if last := slices.Max(d.keyLines(m, []int{at.Line})); d.until(last) != at.Line {
		return nil, d.oneLine(m)
	}
	key, _ := name(e)
	line := strings.Repeat(" ", at.Column-1) + quote(key) + ": " + flow(m, path, value) + d.remark(e, 1)
	return d.put(at.Line-1, 1, line), nil
}

// flow writes a mapping in braces, with the value at the path replaced, added or, if
// it is empty, left out.
func flow(m *ast.MappingNode, path []string, value string) string {
	var parts []string
	add := func(name, text string) { parts = append(parts, quote(name)+": "+text) }
	found := len(path) == 0
	for _, e := range m.Values {
		n, _ := name(e)
		below, isMap := e.Value.(*ast.MappingNode)
		switch {
		case len(path) == 0 || n != path[0]:
			add(n, inline(e.Value))
			continue
		case len(path) > 1 && isMap:
			add(n, flow(below, path[1:], value))
		case len(path) > 1 && value != "":
			add(n, flow(&ast.MappingNode{}, path[1:], value))
		case value != "":
			add(n, value)
		}
		found = true
	}
	if !found && value != "" {
		if len(path) > 1 {
			value = flow(&ast.MappingNode{}, path[1:], value)
		}
		add(path[0], value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// inline writes a value of settings on one line.
func inline(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode:
		return flow(n, nil, "")
	case *ast.SequenceNode:
		var parts []string
		for _, v := range n.Values {
			parts = append(parts, inline(v))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *ast.StringNode:
		if n.Token.Type == token.StringType { // without quotes, and in braces already
			return n.Value
		}
		return quote(n.Value)
	}
	text, _ := scalar(n)
	return cmp.Or(text, "null")
}

// remove returns the file's text without what is at the path; nil: it is not there.
func (d *document) remove(path []string) ([]byte, error) {
	var chain []*ast.MappingValueNode // the entries on the way
	m := d.root
	for depth, part := range path {
		e := d.entry(m, part)
		if e == nil {
			return nil, nil
		}
		if err := d.block(e, m); err != nil {
			return nil, err
		}
		chain = append(chain, e)
		m, _ = e.Value.(*ast.MappingNode)
		if m != nil && m.IsFlowStyle && depth < len(path)-1 {
			if inFlow(m, path[depth+1:]) == nil {
				return nil, nil
			}
			if len(m.Values) > 1 || depth+2 < len(path) {
				return d.placeFlow(e, m, path[depth+1:], "")
			}
			break
		}
	}
	target := chain[len(chain)-1]
	for i := len(chain) - 2; i >= 0; i-- {
		outer := chain[i]
		above := d.lines[outer.Key.GetToken().Position.Line : target.Key.GetToken().Position.Line-1]
		if len(outer.Value.(*ast.MappingNode).Values) > 1 || slices.ContainsFunc(above, comment) {
			break
		}
		target = outer
	}
	line := target.Key.GetToken().Position.Line
	end := d.until(slices.Max(d.keyLines(target.Value, []int{line})))
	return d.put(line-1, end-line+1), nil
}

// inFlow returns the entry at the path below m.
func inFlow(m *ast.MappingNode, path []string) *ast.MappingValueNode {
	for _, e := range m.Values {
		if n, _ := name(e); n != path[0] {
			continue
		}
		below, isMap := e.Value.(*ast.MappingNode)
		switch {
		case len(path) == 1:
			return e
		case isMap:
			return inFlow(below, path[1:])
		}
	}
	return nil
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
