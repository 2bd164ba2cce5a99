package check

import "strings"

// cargo reads cargo test: the harness of each target, and its failures by name.
type cargo struct {
	target   string // "demo src/lib.rs", "it tests/it.rs", "doc demo"
	inside   bool   // between "running N tests" and "test result:"
	listing  bool   // the names after the second "failures:"
	blocks   map[string]*block
	block    *block
	failed   []string
	failures *list
	next     nextest

	passed, skipped int
	seen            bool
}

func newCargo() *cargo {
	c := &cargo{failures: newList()}
	c.next.failures = c.failures
	return c
}

func (c *cargo) read(line string) {
	if !c.inside && c.next.read(line) {
		return
	}
	if !c.inside {
		c.outside(line)
		return
	}
	if rest, ok := strings.CutPrefix(line, "test result: "); ok {
		c.close(rest)
		return
	}
	if title, ok := strings.CutPrefix(line, "---- "); ok {
		if name, ok := strings.CutSuffix(title, " stdout ----"); ok {
			c.block = &block{}
			if len(c.blocks) < maxFailures {
				c.blocks[strings.Clone(name)] = c.block
			}
			return
		}
	}
	switch {
	case line == "failures:":
		c.listing, c.block = true, nil
	case c.block != nil:
		c.block.add(line)
	case c.listing:
		if name, ok := strings.CutPrefix(line, "    "); ok && name != "" && name[0] != ' ' {
			c.fail(name)
		}
	default:
		rest, ok := strings.CutPrefix(line, "test ")
		if name, failed := strings.CutSuffix(rest, " ... FAILED"); ok && failed {
			c.fail(strings.TrimSuffix(name, " - should panic"))
		}
	}
}

func (c *cargo) fail(name string) {
	if len(c.failed) < maxOpen {
		c.failed = append(c.failed, strings.Clone(name))
	}
}

// outside reads which target comes: "     Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)".
func (c *cargo) outside(line string) {
	if n, word, ok := leading(strings.TrimPrefix(line, "running ")); ok && strings.HasPrefix(line, "running ") && (word == "tests" || word == "test") && n >= 0 {
		c.inside, c.listing, c.block, c.failed, c.blocks = true, false, nil, nil, map[string]*block{}
		return
	}
	text := strings.TrimSpace(line)
	if name, ok := strings.CutPrefix(text, "Doc-tests "); ok {
		c.target = "doc " + strings.Clone(name)
		return
	}
	rest, ok := strings.CutPrefix(text, "Running ")
	what, binary, named := strings.Cut(rest, " (")
	if !ok || !named || !strings.HasSuffix(binary, ")") {
		return
	}
	binary = strings.TrimSuffix(strings.ReplaceAll(binary, "\\", "/"), ")")
	binary = strings.TrimSuffix(binary[strings.LastIndexByte(binary, '/')+1:], ".exe")
	if i := strings.LastIndexByte(binary, '-'); i > 0 {
		binary = binary[:i]
	}
	c.target = binary + " " + strings.ReplaceAll(strings.TrimPrefix(what, "unittests "), "\\", "/")
}

// close reads "FAILED. 1 passed; 3 failed; 1 ignored; …".
func (c *cargo) close(totals string) {
	c.inside, c.seen = false, true
	_, counts, _ := strings.Cut(totals, ". ")
	for part := range strings.SplitSeq(counts, "; ") {
		switch n, word, _ := leading(part); word {
		case "passed":
			c.passed += n
		case "ignored":
			c.skipped += n
		}
	}
	for _, name := range c.failed {
		if strings.HasSuffix(name, ")") { // a doc test: its line moves
			if i := strings.LastIndex(name, " (line "); i > 0 {
				c.add(name[:i], name)
				continue
			}
		}
		c.add(name, name)
	}
}

func (c *cargo) add(id, name string) {
	if e, fresh := c.failures.add(c.target + " " + id); fresh && c.blocks[name] != nil {
		e.block = c.blocks[name]
	}
}

func (c *cargo) report() report {
	switch n := &c.next; {
	case n.seen:
		return report{"cargo nextest", c.passed + n.passed, c.skipped + n.skipped, c.failures}
	case !c.seen:
		return report{}
	}
	return report{"cargo test", c.passed, c.skipped, c.failures}
}
