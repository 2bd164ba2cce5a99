package check

import "strings"

// nodeTest reads the spec report of node:test, which newer versions write wherever no other
// is asked for: a tree of "✖ name (1.2ms)" under "▶ suite", then "ℹ tests 6". Its ids are
// those of the TAP report. The list of failures at its end names no suites and is left out.
type nodeTest struct {
	tally
	names  []string // of the suites that are open, by depth
	failed []bool   // by depth: something within the suite failed
	listed bool     // the line before was "test at file:1:2", of the list at the end
	depth  int      // of the block's test
}

func newNodeTest() *nodeTest { return &nodeTest{tally: newTally()} }

func (n *nodeTest) read(line string) {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	if rest, ok := strings.CutPrefix(text, "ℹ "); ok && indent == 0 {
		n.total(rest)
		return
	}
	if text == "" || indent%2 != 0 || indent > 2*maxDepth {
		n.add(line)
		return
	}
	depth := indent / 2
	listed := n.listed
	if n.listed = indent == 0 && strings.HasPrefix(text, "test at "); n.listed {
		n.block = nil
		return
	}
	mark, rest, _ := strings.Cut(text, " ")
	switch mark {
	case "▶":
		if depth <= len(n.names) {
			n.names, n.failed = append(n.names[:depth], strings.Clone(rest)), append(n.failed[:depth], false)
			n.block = nil
			return
		}
	case "✔", "﹣", "✖":
		if name, directive, ok := timed(rest); ok {
			n.block = nil
			if !listed {
				n.verdict(depth, name, mark == "✖" && !strings.HasPrefix(strings.ToLower(directive), "todo"))
			}
			return
		}
		if rest == "failing tests:" {
			n.block = nil
			return
		}
	}
	n.add(line)
}

// add keeps a line that belongs to the failure above it: it is indented deeper, or blank.
func (n *nodeTest) add(line string) {
	if n.block != nil && (strings.TrimSpace(line) == "" || strings.HasPrefix(line, strings.Repeat(" ", 2*n.depth+2))) {
		n.block.add(line)
	}
}

// timed reads "name (1.2ms)" and "name (1.2ms) # TODO".
func timed(s string) (name, directive string, ok bool) {
	i := strings.LastIndex(s, "ms)")
	if i < 0 {
		return "", "", false
	}
	rest := s[i+len("ms)"):]
	open := strings.LastIndex(s[:i], " (")
	if open <= 0 || !number(strings.Replace(s[open+2:i], ".", "", 1)) || rest != "" && !strings.HasPrefix(rest, " # ") {
		return "", "", false
	}
	return s[:open], strings.TrimPrefix(rest, " # "), true
}

// verdict takes a test, or the end of a suite. A suite is only named if nothing within it
// is, and a test whose suites were not seen would get a wrong name and gets none.
func (n *nodeTest) verdict(depth int, name string, failed bool) {
	if depth > len(n.names) {
		return
	}
	ends := depth < len(n.names) && n.names[depth] == name
	inner := ends && n.failed[depth]
	n.names, n.failed = n.names[:depth], n.failed[:depth]
	if !failed {
		return
	}
	for i := range n.failed {
		n.failed[i] = true
	}
	if inner {
		return
	}
	n.depth = depth
	n.block = n.failures.open(strings.Join(append(append([]string{}, n.names...), name), " > "), script(name))
}

// total reads "pass 2" of the counts.
func (n *nodeTest) total(counts string) {
	n.block, n.names, n.failed = nil, nil, nil
	word, num, ok := strings.Cut(counts, " ")
	if !ok || !number(num) {
		return
	}
	switch word {
	case "tests":
		n.seen = true
	case "pass":
		n.passed += atoi(num)
	case "skipped", "todo":
		n.skipped += atoi(num)
	}
}

func (n *nodeTest) report() report { return n.as("node:test") }
