package check

import (
	"encoding/json"
	"strings"
)

// goTest reads go test, plain, with -v and with -json. A package is named after its
// tests, so the tests wait for it; with -json each line names its own.
type goTest struct {
	packages map[string]*goPackage // of -json; "": the one whose lines are read
	builds   map[string]*block     // what the compiler says of a package: "# example.com/a"
	build    *block
	failures *list

	passed, skipped int
	seen            bool
}

// goPackage is a package whose verdict has not come.
type goPackage struct {
	tests  map[string]*block // open and failed tests
	failed []string
	test   string // whose lines are read
	rest   *block // lines of no test
}

func newGoTest() *goTest {
	return &goTest{packages: map[string]*goPackage{}, builds: map[string]*block{}, failures: newList()}
}

func (g *goTest) report() report {
	if !g.seen {
		return report{}
	}
	if p := g.packages[""]; p != nil {
		p.close(g, "", false) // cut before the package was named
	}
	return report{"go test", g.passed, g.skipped, g.failures}
}

func (g *goTest) of(name string) *goPackage {
	p := g.packages[name]
	if p == nil {
		if len(g.packages) >= maxOpen {
			return &goPackage{tests: map[string]*block{}, rest: &block{}}
		}
		p = &goPackage{tests: map[string]*block{}, rest: &block{}}
		g.packages[name] = p
	}
	return p
}

func (g *goTest) read(line string) {
	if strings.HasPrefix(line, `{"`) && strings.Contains(line, `"Action":"`) && g.event(line) {
		return
	}
	p := g.of("")
	if rest, ok := strings.CutPrefix(line, "# "); ok && rest != "" {
		name, _, _ := strings.Cut(rest, " ")
		name = strings.Trim(name, "[]")
		if !strings.Contains(name, "=") && len(g.builds) < maxOpen {
			if g.builds[name] == nil {
				g.builds[name] = &block{}
			}
			g.build = g.builds[name]
			return
		}
	}
	if name, failed, ok := goVerdict(line); ok {
		if g.build != nil && failed {
			g.build = nil
		}
		g.seen = true
		p.close(g, name, failed)
		delete(g.packages, "")
		return
	}
	switch {
	case p.verdict(g, line):
		g.build = nil
	case strings.HasPrefix(line, "=== "):
		g.build = nil
		if f := strings.Fields(line); len(f) == 3 && (f[1] == "RUN" || f[1] == "CONT" || f[1] == "NAME") {
			p.start(f[2])
		}
	case line == "FAIL" || line == "PASS":
	case g.build != nil:
		g.build.add(line)
	case p.test != "":
		p.tests[p.test].add(line)
	default:
		p.rest.add(line)
	}
}

// goVerdict reads the line that ends a package: "ok  \tpath\t0.1s", "FAIL\tpath [build failed]".
func goVerdict(line string) (name string, failed, ok bool) {
	verdict, rest, tab := strings.Cut(line, "\t")
	if verdict = strings.TrimSpace(verdict); !tab || verdict != "ok" && verdict != "FAIL" && verdict != "?" {
		return "", false, false
	}
	name, how, _ := strings.Cut(strings.Replace(rest, " [", "\t[", 1), "\t")
	if name == "" || strings.ContainsAny(name, " :") || how == "" {
		return "", false, false
	}
	return name, verdict == "FAIL", true
}

// start makes a test the one whose lines are read.
func (p *goPackage) start(test string) {
	if p.tests[test] == nil && len(p.tests) < maxOpen {
		p.tests[strings.Clone(test)] = &block{}
	}
	p.test = strings.Clone(test)
}

// verdict reads "--- FAIL: TestA/b (0.00s)". An indented one belongs to a subtest of the
// test that is being read; else it is text that a test wrote.
func (p *goPackage) verdict(g *goTest, line string) bool {
	word, rest, ok := strings.Cut(strings.TrimLeft(line, " "), ": ")
	name, took, timed := strings.Cut(rest, " (")
	if !ok || !timed || !strings.HasSuffix(took, "s)") || !number(strings.Replace(took[:len(took)-2], ".", "", 1)) || strings.ContainsAny(name, " \t") {
		return false
	}
	if line[0] == ' ' {
		top, _, _ := strings.Cut(name, "/")
		now, _, _ := strings.Cut(p.test, "/")
		if top != now || !strings.Contains(name, "/") {
			return false
		}
	}
	switch word {
	case "--- FAIL":
		p.start(name)
		p.fail(name)
	case "--- PASS", "--- SKIP", "--- BENCH":
		delete(p.tests, name)
		p.test = ""
		if top, _, sub := strings.Cut(name, "/"); sub {
			p.test = top
		}
		if word == "--- PASS" {
			g.passed++
		} else if word == "--- SKIP" {
			g.skipped++
		}
	default:
		return false
	}
	g.seen = true
	return true
}

func (p *goPackage) fail(name string) {
	if len(p.failed) < maxOpen {
		p.failed = append(p.failed, strings.Clone(name))
	}
}

// close reports a package's failures. A test whose subtests fail is not named beside them.
func (p *goPackage) close(g *goTest, name string, failed bool) {
	parents := map[string]bool{}
	for _, test := range p.failed {
		for i, c := range test {
			if c == '/' {
				parents[test[:i]] = true
			}
		}
	}
	for _, test := range p.failed {
		if parents[test] {
			continue
		}
		if e, fresh := g.failures.add(name + " " + test); fresh && p.tests[test] != nil {
			e.block = p.tests[test]
		}
	}
	if !failed || len(p.failed) > 0 {
		return
	}
	if e, fresh := g.failures.add(name); fresh {
		e.suite = true
		switch b := g.builds[name]; {
		case b != nil && len(b.head) > 0:
			e.block = b
		case p.test != "" && p.tests[p.test] != nil: // ended in the middle of a test
			e.block = p.tests[p.test]
		default:
			e.block = p.rest
		}
	}
}

// event reads a line of -json.
func (g *goTest) event(line string) bool {
	var ev struct{ Action, Package, ImportPath, Test, Output string }
	if json.Unmarshal([]byte(line), &ev) != nil || ev.Action == "" || ev.Package == "" && ev.ImportPath == "" {
		return false
	}
	if ev.Package == "" {
		name, _, _ := strings.Cut(ev.ImportPath, " ")
		if ev.Action == "build-output" && len(g.builds) < maxOpen {
			if g.builds[name] == nil {
				g.builds[name] = &block{}
			}
			if !strings.HasPrefix(ev.Output, "# ") {
				g.builds[name].add(strings.TrimRight(ev.Output, "\r\n"))
			}
		}
		return ev.Action == "build-output" || ev.Action == "build-fail"
	}
	p := g.of(ev.Package)
	switch ev.Action {
	case "output":
		text := strings.TrimRight(plain([]byte(ev.Output)), "\n")
		switch lead := strings.TrimLeft(text, " "); {
		case strings.HasPrefix(text, "=== "), ev.Test == "" && strings.HasPrefix(text, "FAIL"):
		case strings.HasPrefix(lead, "--- ") && strings.Contains(lead, ": "+ev.Test+" ("):
		case ev.Test != "":
			p.start(ev.Test)
			p.tests[ev.Test].add(text)
		default:
			p.rest.add(text)
		}
	case "pass", "skip", "fail":
		g.verdict(p, ev.Action, ev.Package, ev.Test)
	}
	return true
}

func (g *goTest) verdict(p *goPackage, action, name, test string) {
	g.seen = true
	switch {
	case test == "":
		p.close(g, name, action == "fail")
		delete(g.packages, name)
	case action == "fail":
		p.fail(test)
		p.test = ""
	default:
		delete(p.tests, test)
		p.test = ""
		if action == "pass" {
			g.passed++
		} else {
			g.skipped++
		}
	}
}
