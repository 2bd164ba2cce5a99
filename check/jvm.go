package check

import "strings"

// surefire reads Maven's surefire and failsafe: "[ERROR] demo.CalcTest.bad -- Time elapsed: 0.006 s <<< FAILURE!"
// and, before version 3, "[ERROR] bad(demo.CalcTest)  Time elapsed: 0.006 s  <<< FAILURE!".
type surefire struct {
	class           string // that was run last
	block           *block
	failures        *list
	passed, skipped int
	seen            bool
}

func newSurefire() *surefire { return &surefire{failures: newList()} }

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

func (s *surefire) report() report {
	if !s.seen {
		return report{}
	}
	return report{"surefire", s.passed, s.skipped, s.failures}
}

// gradle reads Gradle's console: "CalcTest > bad() FAILED", its indented reason, and
// "4 tests completed, 2 failed, 1 skipped".
type gradle struct {
	block    *block
	failures *list

	skipped int
	seen    bool
}

func newGradle() *gradle { return &gradle{failures: newList()} }

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

func (g *gradle) report() report {
	if !g.seen {
		return report{}
	}
	return report{"gradle", 0, g.skipped, g.failures}
}
