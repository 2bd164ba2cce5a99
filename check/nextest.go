package check

import "strings"

// nextest reads cargo nextest: "FAIL [   0.005s] (3/5) demo tests::adds" with what the test
// wrote below it, and the list of failures after "Summary [   0.010s] 5 tests run: …". It
// is a part of cargo, since its tests print what cargo test prints.
type nextest struct {
	inside   bool // from its first line to its last one
	list     bool // behind the summary
	block    *block
	tries    map[string]*block // what the last failed try of a test wrote
	failures *list

	passed, skipped int
	seen            bool
}

// read reports whether a line is nextest's.
func (n *nextest) read(line string) bool {
	text := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(text, "Nextest run ID "), nextStart(text):
		n.inside, n.list, n.block, n.tries = true, false, nil, map[string]*block{}
		return true
	case !n.inside:
		return false
	case strings.HasPrefix(line, "error: "), strings.HasPrefix(text, "Doc-tests "), strings.HasPrefix(text, "Finished `"):
		n.inside, n.block = false, nil
		return false
	}
	if rest, ok := strings.CutPrefix(text, "Summary ["); ok {
		n.summary(rest)
		return true
	}
	if word, id, ok := nextVerdict(text); ok {
		n.verdict(word, id)
		return true
	}
	switch {
	case strings.Trim(text, "─-") == "" && len(text) >= 12, strings.HasPrefix(text, "Cancel"):
		n.block = nil
	case strings.HasPrefix(text, "stdout ─"), strings.HasPrefix(text, "stderr ─"), strings.HasPrefix(text, "output ─"), strings.HasPrefix(text, "--- STD"),
		harness(text):
	default:
		n.block.add(line)
	}
	return true
}

// harness reports whether a line is libtest's, of its run of the one test. It says nothing
// new, and the number of tests it left out grows with each one that is added.
func harness(text string) bool {
	return text == "running 1 test" || text == "failures:" || strings.HasPrefix(text, "test result: ") || strings.HasPrefix(text, "test ") && strings.HasSuffix(text, " ... FAILED")
}

// nextStart reads "Starting 5 tests across 2 binaries (1 test skipped)".
func nextStart(text string) bool {
	rest, ok := strings.CutPrefix(text, "Starting ")
	if !ok {
		return false
	}
	_, word, ok := leading(rest)
	return ok && strings.HasPrefix(word, "test") && strings.Contains(word, " across ") && strings.Contains(word, " binar")
}

// nextVerdict reads "TRY 2 FAIL [   0.005s] (  3/512) demo::it tests::adds".
func nextVerdict(text string) (word, id string, ok bool) {
	word, rest, ok := strings.Cut(text, " [")
	took, id, closed := strings.Cut(rest, "] ")
	if !ok || !closed || !strings.HasSuffix(took, "s") || !number(strings.Replace(strings.TrimLeft(took[:len(took)-1], "> "), ".", "", 1)) || !upper(word[0]) || word != strings.ToUpper(word) {
		return "", "", false
	}
	if index, rest, ok := strings.Cut(id, ") "); ok && strings.HasPrefix(index, "(") && strings.Trim(index, "( /0123456789") == "" {
		id = rest
	}
	id = strings.TrimSpace(id)
	binary, name, ok := strings.Cut(id, " ")
	return word, id, ok && binary != "" && name != ""
}

// verdict takes the verdict of a test. One of several tries is none before the list at the end.
func (n *nextest) verdict(word, id string) {
	n.seen, n.block = true, nil
	try := strings.HasPrefix(word, "TRY ")
	word = word[strings.LastIndexByte(word, ' ')+1:]
	if word != "FAIL" && word != "TIMEOUT" && word != "ABORT" && !strings.HasPrefix(word, "SIG") {
		return
	}
	if try && !n.list {
		if n.tries[id] != nil || len(n.tries) < maxFailures {
			n.block = &block{}
			n.tries[strings.Clone(id)] = n.block
		}
		return
	}
	e, fresh := n.failures.add(id)
	switch {
	case e == nil:
	case fresh && n.tries[id] != nil:
		e.block = n.tries[id]
	case fresh || len(e.block.head) == 0:
		if n.block = e.block; fresh && word != "FAIL" {
			n.block.add(word)
		}
	}
}

// summary reads "   0.010s] 5 tests run: 3 passed (1 slow), 2 failed, 1 skipped".
func (n *nextest) summary(rest string) {
	_, counts, _ := strings.Cut(rest, " run: ")
	n.seen, n.list, n.block = true, true, nil
	for part := range strings.SplitSeq(counts, ", ") {
		switch count, word, _ := leading(part); firstWord(word) {
		case "passed":
			n.passed += count
		case "skipped":
			n.skipped += count
		}
	}
}
