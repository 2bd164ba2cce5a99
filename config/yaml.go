package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"codeagent.dev/agent"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a settings file. The parser's time grows with the square of the depth,
// so depth is bounded through what makes it: brackets, and dashes on one line.
// Within these bounds it needs at most a few tens of milliseconds.
const (
	maxFile  = 64 << 10 // bytes
	maxLine  = 4 << 10  // bytes
	maxFlow  = 512      // opening brackets
	maxDepth = 8
)

// FileError is a mistake in a settings file. Error shows it with the lines around.
type FileError struct {
	File         string
	Line, Column int // from 1
	Problem      string
	Snippet      string // the lines around, the column marked; safe to print
}

func (e *FileError) Error() string {
	s := fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
	if e.Snippet != "" {
		s += "\n" + e.Snippet
	}
	return s
}

// document is a parsed settings file: one mapping.
type document struct {
	file  string
	eol   string // how lines end in the file
	lines []string
	root  *ast.MappingNode // nil: nothing in it but comments
	found *[]error         // where mistakes are kept; nil: the first one ends the reading
}

// leaf is a value that is no mapping, with its whole name.
type leaf struct {
	name   string // "limits.make", "providers.groq.url"
	key    *token.Token
	member *token.Token // "groq"; nil: not of a family
	value  ast.Node
	entry  *ast.MappingValueNode
}

// below is where walk is: the names above, each with a dot behind it, as they stand
// in the file and as they stand in Keys.
type below struct {
	name, pattern string // "providers.groq.", "providers.*."
	member        *token.Token
}

// parse reads a settings file. Anchors, aliases, tags, merge keys and further
// documents are refused: no setting needs them, and they are how small files grow.
func parse(file string, data []byte) (*document, error) {
	if len(data) > maxFile {
		return nil, agent.Errorf(agent.Invalid, "%s is longer than %d KiB", file, maxFile>>10)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := &document{file: file, eol: "\n"}
	if bytes.Contains(data, []byte("\r\n")) { // the parser counts lines wrongly when a comment ends in CRLF
		d.eol, data = "\r\n", bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	d.lines = strings.Split(string(data), "\n")
	if err := d.bounds(); err != nil {
		return nil, err
	}
	f, err := parser.ParseBytes(data, parser.ParseComments)
	if err != nil {
		if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
			return nil, d.syntax(y)
		}
		return nil, agent.Errorf(agent.Invalid, "%s: %w", file, err)
	}
	if len(f.Docs) > 1 {
		return nil, agent.Errorf(agent.Invalid, "%s holds several documents; one is possible", file)
	}
	if len(f.Docs) == 0 {
		return d, nil
	}
	switch body := f.Docs[0].Body.(type) {
	case nil, *ast.CommentGroupNode, *ast.NullNode:
	case *ast.MappingNode:
		d.root = body
		err = d.plain(body, 0)
	default:
		err = d.fail(body.GetToken(), "", `settings are needed here, such as "variants: 3"`)
	}
	return d, err
}

// syntax puts the parser's message into our form.
func (d *document) syntax(y yaml.Error) error {
	line := d.lines[min(max(y.GetToken().Position.Line, 1), len(d.lines))-1]
	if indent, _, _ := strings.Cut(line, strings.TrimLeft(line, " \t")); strings.Contains(indent, "\t") {
		return d.fail(y.GetToken(), "", "a tab stands where YAML needs spaces")
	}
	return d.fail(y.GetToken(), "", "%s", y.GetMessage())
}

// bounds refuses, before parsing, what would make parsing costly or its errors
// unprintable.
func (d *document) bounds() error {
	flow := 0
	for i, line := range d.lines {
		problem := ""
		flow += strings.Count(line, "[") + strings.Count(line, "{")
		switch {
		case len(line) > maxLine:
			problem = fmt.Sprintf("the line is %d bytes long; the limit is %d", len(line), maxLine)
		case !utf8.ValidString(line):
			problem = "the line is not UTF-8"
		case strings.ContainsFunc(line, control):
			problem = "the line holds a control character"
		case flow > maxFlow:
			problem = fmt.Sprintf("more than %d opening brackets", maxFlow)
		}
		if problem != "" {
			return d.failAt(i+1, 1, "", "%s", problem)
		}
	}
	return nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 }

// plain refuses everything but mappings, lists and scalars.
func (d *document) plain(n ast.Node, depth int) error {
	if depth > maxDepth {
		return d.fail(n.GetToken(), "", "nested too deep")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, e := range n.Values {
			if _, ok := name(e); !ok {
				return d.fail(e.Key.GetToken(), "", "this is no name of a setting")
			}
			if err := d.plain(e.Value, depth+1); err != nil {
				return err
			}
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			if err := d.plain(v, depth+1); err != nil {
				return err
			}
		}
	case *ast.NullNode:
	default:
		if _, ok := scalar(n); !ok {
			return d.fail(n.GetToken(), "", "anchors, aliases and tags are not possible here")
		}
	}
	return nil
}

// leaves calls visit for every value below the root. A name that is not in names is
// an error that proposes the nearest; a value left empty counts as not written.
func (d *document) leaves(names []string, visit func(leaf) error) error {
	if d.root == nil {
		return nil
	}
	return d.walk(d.root, below{}, names, visit)
}

func (d *document) walk(m *ast.MappingNode, at below, names []string, visit func(leaf) error) error {
	for _, e := range m.Values {
		last, _ := name(e)
		l := leaf{name: at.name + last, key: e.Key.GetToken(), member: at.member, value: e.Value, entry: e}
		inner := below{l.name + ".", at.pattern + last + ".", at.member}
		if at.pattern != "" && hasPrefix(names, at.pattern+"*.") {
			inner.pattern, inner.member = at.pattern+"*.", l.key
		}
		deeper, isMap := e.Value.(*ast.MappingNode)
		_, empty := e.Value.(*ast.NullNode)
		isLeaf := !strings.Contains(last, ".") && slices.Contains(names, at.pattern+last)
		isGroup := !isLeaf && hasPrefix(names, inner.pattern)
		var err error
		switch {
		case !isLeaf && !isGroup:
			err = d.unknown(l, at, names)
		case empty:
		case isMap && isGroup:
			err = d.walk(deeper, inner, names, visit)
		case isMap:
			err = d.fail(l.key, "", "%s is one value, nothing can stand below it", l.name)
		case !isLeaf:
			err = d.fail(l.key, "", "%s is a group, its values stand below it", l.name)
		default:
			err = visit(l)
		}
		if err = d.keep(err); err != nil {
			return err
		}
	}
	return nil
}

func hasPrefix(names []string, prefix string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, prefix) })
}

func (d *document) unknown(l leaf, at below, names []string) error {
	if slices.Contains(names, l.name) {
		group, last, _ := strings.Cut(l.name, ".")
		return d.fail(l.key, fmt.Sprintf("write %s: and below it, indented, %s:", group, last), "%q is written with a dot", l.name)
	}
	var near []string
	for _, n := range names {
		if rest, ok := strings.CutPrefix(n, at.pattern); ok {
			n = at.name + rest
		}
		if group, _, ok := strings.Cut(n, "."); ok && at.name == "" && !slices.Contains(near, group) {
			near = append(near, group)
		}
		if !strings.Contains(n, "*") {
			near = append(near, n)
		}
	}
	hint := ""
	if n := nearest(l.name, near); n != "" {
		hint = fmt.Sprintf("did you mean %s?", n)
	}
	return d.fail(l.key, hint, "there is no setting %q", l.name)
}

// fail returns an Invalid error that points at a token.
func (d *document) fail(at *token.Token, hint, format string, args ...any) error {
	line, column := 1, 1
	if at != nil && at.Position != nil {
		line, column = at.Position.Line, at.Position.Column
	}
	return d.failAt(line, column, hint, format, args...)
}

func (d *document) failAt(line, column int, hint, format string, args ...any) error {
	line, column = min(max(line, 1), len(d.lines)), max(column, 1)
	problem, _, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	e := agent.Errorf(agent.Invalid, "%w", &FileError{
		File: d.file, Line: line, Column: column, Problem: printable(mask(problem)), Snippet: d.snippet(line, column),
	})
	return e.WithHint(printable(hint))
}

// snippet shows the line, one before it, and a mark below the column.
func (d *document) snippet(line, column int) string {
	const width = 100
	var b strings.Builder
	for n := max(line-1, 1); n <= line; n++ {
		text := []rune(printable(mask(d.lines[n-1])))
		if len(text) > width {
			text = append(text[:width-1], '…')
		}
		fmt.Fprintf(&b, "%5d | %s\n", n, string(text))
	}
	if column <= width {
		fmt.Fprintf(&b, "      | %s^", strings.Repeat(" ", column-1))
	}
	return strings.TrimRight(b.String(), "\n")
}

// printable replaces what could move a terminal's cursor. Each rune stays one cell
// of text, so that a mark below the line points at the right one.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r == utf8.RuneError || control(r) {
			return '?'
		}
		return r
	}, s)
}

// start is the first token of a node; a mapping's own token is its first colon.
func start(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}

func name(e *ast.MappingValueNode) (string, bool) {
	if e == nil || e.Key == nil || e.Value == nil {
		return "", false
	}
	n, ok := e.Key.(ast.Node)
	if !ok {
		return "", false
	}
	return scalar(n)
}

// scalar returns the text of a scalar as it is written: "1.50" and "true" stay what
// they are, whatever YAML takes them for.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// texts returns a leaf's value: the entries of a list, or one text.
func (d *document) texts(l leaf) ([]string, error) {
	list, ok := l.value.(*ast.SequenceNode)
	if !ok {
		text, _ := scalar(l.value)
		return []string{text}, nil
	}
	texts := []string{}
	for _, v := range list.Values {
		text, ok := scalar(v)
		if !ok {
			return nil, d.fail(v.GetToken(), "", "an entry of %s is needed here", l.name)
		}
		texts = append(texts, text)
	}
	return texts, nil
}
