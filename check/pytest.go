package check

import "strings"

// pytest reads pytest's short summary, with the sections of failures as excerpts, and
// the verdict lines of -v and of xdist for a log that was cut before the summary.
type pytest struct {
	section string
	blocks  map[string][]*block // by the title of a section's part: "TestC.test_m"
	block   *block
	failures,
	verbose *list // verbose: failures of -v, which carry no reason
	messages map[string]string // why, of the summary, by id
	suites   map[string]bool

	passed, skipped int
	seen            bool
}

func newPytest() *pytest {
	return &pytest{blocks: map[string][]*block{}, failures: newList(), verbose: newList(), messages: map[string]string{}, suites: map[string]bool{}}
}

func (p *pytest) read(line string) {
	if title, ok := ruled(line, '='); ok {
		p.block = nil
		p.section = strings.ToLower(title)
		if strings.HasPrefix(p.section, "test session starts") {
			p.seen = true
		}
		p.totals(title)
		return
	}
	if p.section != "short test summary info" && strings.Contains(line, " in ") {
		p.totals(line) // -q draws no rule around it
	}
	switch p.section {
	case "failures", "errors":
		if title, ok := ruled(line, '_'); ok {
			p.block = nil
			if len(p.blocks) < maxFailures {
				p.block = &block{}
				name := strings.TrimPrefix(strings.TrimPrefix(title, "ERROR at setup of "), "ERROR at teardown of ")
				name = strings.Clone(strings.TrimPrefix(name, "ERROR collecting "))
				p.blocks[name] = append(p.blocks[name], p.block)
			}
			return
		}
		p.block.add(line)
	case "short test summary info":
		p.summary(line)
		p.totals(line)
	default:
		p.verdict(line)
	}
}

// ruled reads a title between two rules: "==== FAILURES ====".
func ruled(line string, c byte) (string, bool) {
	if len(line) < 8 || line[0] != c || line[1] != c || line[len(line)-1] != c {
		return "", false
	}
	title := strings.Trim(line, string(c))
	if len(title) < 3 || title[0] != ' ' || title[len(title)-1] != ' ' {
		return "", false
	}
	return strings.TrimSpace(title), true
}

// summary reads "FAILED test_a.py::test_b[x] - AssertionError: …".
func (p *pytest) summary(line string) {
	word, rest, ok := strings.Cut(line, " ")
	if !ok || word != "FAILED" && word != "ERROR" {
		return
	}
	id, why := rest, ""
	if i := strings.Index(rest, " - "); i >= 0 {
		if open := strings.IndexByte(rest[:i], '['); open >= 0 && !strings.Contains(rest[open:i], "]") {
			if end := strings.Index(rest, "] - "); end > 0 {
				i = end + 1
			}
		}
		id, why = rest[:i], rest[i+3:]
	}
	if !strings.Contains(id, ".py") && !strings.Contains(id, "::") {
		return
	}
	p.seen = true
	id = pyID(id)
	if e, fresh := p.failures.add(id); fresh {
		p.messages[e.id] = strings.Clone(cut(why, 400))
		p.suites[e.id] = !strings.Contains(id, "::")
	}
}

func pyID(id string) string {
	return strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(id), "\\", "/"), "./")
}

// verdict reads "test_a.py::test_b FAILED [ 10%]" and xdist's "[gw0] [ 10%] FAILED test_a.py::test_b".
func (p *pytest) verdict(line string) {
	if !strings.Contains(line, "::") {
		return
	}
	if strings.HasPrefix(line, "[gw") {
		_, rest, _ := strings.Cut(line, "] ")
		if strings.HasPrefix(rest, "[") {
			_, rest, _ = strings.Cut(rest, "] ")
		}
		word, id, ok := strings.Cut(rest, " ")
		if ok && (word == "FAILED" || word == "ERROR") && strings.Contains(id, ".py::") {
			p.verbose.add(pyID(id))
		}
		return
	}
	for _, word := range []string{" FAILED", " ERROR"} {
		if id, rest, ok := strings.Cut(line, word); ok && (rest == "" || strings.HasPrefix(strings.TrimSpace(rest), "[")) && strings.Contains(id, ".py::") && !strings.HasPrefix(id, " ") {
			p.verbose.add(pyID(id))
		}
	}
}

// totals reads "3 failed, 2 passed, 1 skipped in 0.12s".
func (p *pytest) totals(line string) {
	counts, took, ok := strings.Cut(line, " in ")
	if !ok || took == "" || took[0] < '0' || took[0] > '9' || !strings.Contains(took, "s") {
		return
	}
	passed, skipped := 0, 0
	for part := range strings.SplitSeq(counts, ", ") {
		n, word, ok := leading(part)
		if !ok {
			return
		}
		switch word {
		case "passed":
			passed = n
		case "skipped", "xfailed", "deselected":
			if word != "deselected" {
				skipped += n
			}
		case "failed", "error", "errors", "xpassed", "warning", "warnings", "rerun", "subtests passed", "subtests failed":
		default:
			return
		}
	}
	p.passed, p.skipped, p.seen = p.passed+passed, p.skipped+skipped, true
}

// leading reads a number and the word behind it: "3 failed".
func leading(s string) (n int, word string, ok bool) {
	num, word, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok || !number(num) || len(num) > 8 {
		return 0, "", false
	}
	for _, c := range num {
		n = n*10 + int(c-'0')
	}
	return n, strings.TrimSpace(word), true
}

func (p *pytest) report() report {
	if !p.seen {
		return report{}
	}
	list := p.failures
	if len(list.all) == 0 {
		list = p.verbose
	}
	for _, e := range list.all {
		e.suite = p.suites[e.id]
		name := e.id
		if _, test, ok := strings.Cut(e.id, "::"); ok {
			head, args, param := strings.Cut(test, "[")
			name = strings.ReplaceAll(head, "::", ".")
			if param {
				name += "[" + args
			}
		}
		if all := p.blocks[name]; len(all) > 0 {
			e.block, p.blocks[name] = all[0], all[1:]
		} else if why := p.messages[e.id]; why != "" {
			e.block.add(why)
		}
	}
	return report{"pytest", p.passed, p.skipped, list}
}
