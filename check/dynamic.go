package check

import "strings"

// rspec reads RSpec: the numbered failures, and the list of "rspec ./spec/a_spec.rb:3 # Calc adds".
type rspec struct {
	inside bool
	block  *block
	blocks map[string]*block // by the full description
	failures,
	unplaced *list // unplaced: descriptions, for a log that was cut before the list

	passed, skipped int
	seen            bool
}

func newRSpec() *rspec {
	return &rspec{blocks: map[string]*block{}, failures: newList(), unplaced: newList()}
}

func (r *rspec) read(line string) {
	switch {
	case line == "Failures:":
		r.inside = true
		return
	case strings.HasPrefix(line, "Finished in "), line == "Failed examples:":
		r.inside, r.block = false, nil
		return
	}
	if place, name, ok := strings.Cut(line, " # "); ok && strings.HasPrefix(place, "rspec ") {
		file := strings.Trim(strings.TrimPrefix(place, "rspec "), "'\"")
		if i := strings.IndexAny(file, ":["); i > 0 && strings.HasSuffix(file[:i], ".rb") {
			if e, fresh := r.failures.add(strings.TrimPrefix(file[:i], "./") + " " + name); fresh && r.blocks[name] != nil {
				e.block = r.blocks[name]
			}
		}
		return
	}
	if n, rest, ok := leading(line); ok && strings.HasPrefix(rest, "example") && strings.Contains(rest, " failure") {
		r.totals(n, rest)
		return
	}
	if !r.inside {
		return
	}
	if num, name, ok := strings.Cut(line, ") "); ok && strings.HasPrefix(num, "  ") && number(num[2:]) {
		if r.block = r.unplaced.open(name, false); r.block != nil {
			r.blocks[strings.Clone(name)] = r.block
		}
		return
	}
	r.block.add(line)
}

func (r *rspec) totals(examples int, rest string) {
	r.seen = true
	r.passed += examples
	for part := range strings.SplitSeq(rest, ", ") {
		n, word, _ := leading(part)
		if strings.HasPrefix(word, "failure") || word == "pending" {
			r.passed = max(0, r.passed-n)
		}
		if word == "pending" {
			r.skipped += n
		}
	}
}

func (r *rspec) report() report {
	switch {
	case !r.seen:
		return report{}
	case len(r.failures.all) == 0:
		return report{"rspec", r.passed, r.skipped, r.unplaced}
	}
	return report{"rspec", r.passed, r.skipped, r.failures}
}

// phpunit reads PHPUnit: "1) CalcTest::testBad" after "There was 1 failure:".
type phpunit struct {
	tally
	inside bool
}

func newPHPUnit() *phpunit { return &phpunit{tally: newTally()} }

func (p *phpunit) read(line string) {
	if strings.HasPrefix(line, "There was ") || strings.HasPrefix(line, "There were ") {
		_, rest, _ := strings.Cut(line[6:], " ")
		_, word, _ := leading(rest)
		p.inside, p.block = strings.HasPrefix(word, "failure") || strings.HasPrefix(word, "error"), nil
		return
	}
	if strings.HasPrefix(line, "Tests: ") && strings.Contains(line, ", Assertions: ") {
		p.totals(line)
		return
	}
	if rest, ok := strings.CutPrefix(line, "OK ("); ok {
		if n, word, ok := leading(rest); ok && strings.Contains(word, " assertion") {
			p.passed, p.seen = p.passed+n, true
		}
		return
	}
	if !p.inside {
		return
	}
	if line == "--" || line == "FAILURES!" || line == "ERRORS!" {
		p.block = nil
		p.inside = line == "--"
		return
	}
	if num, name, ok := strings.Cut(line, ") "); ok && number(num) && strings.Contains(name, "::") {
		p.block = p.failures.open(name, false)
		return
	}
	p.block.add(line)
}

func (p *phpunit) totals(line string) {
	p.seen, p.inside, p.block = true, false, nil
	for part := range strings.SplitSeq(strings.TrimSuffix(line, "."), ", ") {
		word, num, _ := strings.Cut(part, ": ")
		if !number(num) {
			continue
		}
		switch n := atoi(num); word {
		case "Tests":
			p.passed += n
		case "Skipped", "Incomplete":
			p.skipped += n
			p.passed = max(0, p.passed-n)
		case "Failures", "Errors":
			p.passed = max(0, p.passed-n)
		}
	}
}

func (p *phpunit) report() report { return p.as("phpunit") }
