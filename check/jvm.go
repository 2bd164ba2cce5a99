package check

import "strings"

// surefire reads Maven's surefire and failsafe: "[ERROR] demo.CalcTest.bad -- Time elapsed: 0.006 s <<< FAILURE!"
// and, before version 3, "[ERROR] bad(demo.CalcTest)  Time elapsed: 0.006 s  <<< FAILURE!".
type surefire struct {
	tally
	class string // that was run last
}

func newSurefire() *surefire { return &surefire{tally: newTally()} }

func (s *surefire) read(line string) {
	text := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "[ERROR] "), "[INFO] "), "[WARNING] "), "Error:  ")
	if rest, ok := strings.CutPrefix(text, "Tests run: "); ok {
		s.block = nil
		s.totals(rest)
		return
	}
	head, verdict, ok := strings.Cut(text, "<<< ")
	if ok && (verdict == "FAILURE!" || verdict == "ERROR!") {
		name, _, timed := strings.Cut(head, "Time elapsed: ")
		if !timed {
			return
		}
		name = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), "--"))
		if method, class, old := strings.Cut(name, "("); old && strings.HasSuffix(class, ")") && strings.Contains(class, ".") {
			name = strings.TrimSuffix(class, ")") + "." + method
		}
		s.seen = true
		s.block = s.failures.open(name, name == s.class)
		return
	}
	if s.block != nil {
		if strings.TrimSpace(line) == "" || line != text {
			s.block = nil
			return
		}
		s.block.add(line)
	}
}

// totals counts the lines that name a class, as those of modules and of the whole repeat them.
func (s *surefire) totals(rest string) {
	_, class, ok := strings.Cut(rest, " in ")
	if !ok {
		return
	}
	s.class = strings.Clone(strings.TrimSpace(class))
	counts, _, _ := strings.Cut(rest, ", Time")
	run, bad, skipped := 0, 0, 0
	for i, part := range strings.Split("Run: "+counts, ", ") {
		word, num, _ := strings.Cut(part, ": ")
		if !number(num) {
			return
		}
		switch n := atoi(num); {
		case i == 0:
			run = n
		case word == "Skipped":
			skipped = n
		default:
			bad += n
		}
	}
	s.seen = true
	s.passed += max(0, run-bad-skipped)
	s.skipped += skipped
}

func (s *surefire) report() report { return s.as("surefire") }

// junit reads JUnit's own console launcher: the list after "Failures (2):", and the counts.
// Its ids are those of surefire.
type junit struct {
	tally
	inside bool
	title  string // of the failure that is being read
}

func newJUnit() *junit { return &junit{tally: newTally()} }

func (j *junit) read(line string) {
	switch {
	case strings.HasPrefix(line, "Failures (") && strings.HasSuffix(line, "):"):
		j.inside, j.block = true, nil
		return
	case strings.HasPrefix(line, "Test run finished after "):
		j.inside, j.block, j.seen = false, nil, true
		return
	case strings.HasPrefix(line, "[ ") && strings.HasSuffix(line, "]"):
		j.total(strings.TrimSpace(strings.Trim(line, "[]")))
		return
	case !j.inside:
		return
	}
	text := strings.TrimLeft(line, " ")
	switch indent := len(line) - len(text); {
	case indent == 2 && strings.HasPrefix(text, "JUnit "):
		j.title, j.block = strings.Clone(text), nil
	case indent == 4 && strings.HasPrefix(text, "MethodSource ["):
		j.open(attribute(text, "className")+"."+attribute(text, "methodName"), false)
	case indent == 4 && strings.HasPrefix(text, "ClassSource ["):
		j.open(attribute(text, "className"), true)
	case indent == 4 && strings.HasPrefix(text, "=> "):
		if j.title != "" {
			j.open(j.title, false)
		}
		j.block.add(line)
	case strings.TrimSpace(text) != "[...]":
		j.block.add(line)
	}
}

// open begins a failure. One of several runs of a test is named by its part of the title: "[2] two".
func (j *junit) open(id string, suite bool) {
	if i := strings.LastIndexByte(j.title, ':'); id != j.title && !suite && strings.HasPrefix(j.title[i+1:], "[") {
		id += " " + j.title[i+1:]
	}
	j.title, j.block = "", j.failures.open(id, suite)
}

// attribute reads "name = 'value'".
func attribute(text, name string) string {
	_, rest, _ := strings.Cut(text, name+" = '")
	value, _, _ := strings.Cut(rest, "'")
	return value
}

func (j *junit) total(text string) {
	if !j.seen {
		return
	}
	switch n, word, _ := leading(text); word {
	case "tests successful":
		j.passed += n
	case "tests skipped", "tests aborted":
		j.skipped += n
	}
}

func (j *junit) report() report { return j.as("junit") }

// gradle reads Gradle's console: "CalcTest > bad() FAILED", its indented reason, and
// "4 tests completed, 2 failed, 1 skipped".
type gradle struct {
	tally
}

func newGradle() *gradle { return &gradle{tally: newTally()} }

func (g *gradle) read(line string) {
	if strings.HasPrefix(line, "> Task ") || strings.HasPrefix(line, "BUILD ") {
		g.block = nil
		return
	}
	if id, ok := strings.CutSuffix(line, " FAILED"); ok && strings.Contains(id, " > ") && id[0] != ' ' && id[0] != '>' {
		g.block = g.failures.open(id, false)
		return
	}
	if n, rest, ok := leading(line); ok && n > 0 && strings.HasPrefix(rest, "test") && strings.Contains(rest, " completed, ") && strings.Contains(rest, " failed") {
		g.seen, g.block = true, nil
		for part := range strings.SplitSeq(rest, ", ") {
			if n, word, _ := leading(part); word == "skipped" {
				g.skipped += n
			}
		}
		return
	}
	if g.block != nil && line != "" && line[0] != ' ' {
		g.block = nil
	}
	g.block.add(line)
}

func (g *gradle) report() report { return g.as("gradle") }
