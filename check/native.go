package check

import "strings"

// dotnet reads dotnet test: "  Failed Demo.CalcTest.Bad [3 ms]", its parts, and the totals.
type dotnet struct {
	tally
}

func newDotnet() *dotnet { return &dotnet{tally: newTally()} }

func (d *dotnet) read(line string) {
	text := strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(text, "Failed!  - "); ok {
		d.totals(rest)
		return
	}
	if rest, ok := strings.CutPrefix(text, "Passed!  - "); ok {
		d.totals(rest)
		return
	}
	if name, ok := strings.CutPrefix(line, "  Failed "); ok && strings.HasSuffix(name, "]") {
		if i := strings.LastIndex(name, " ["); i > 0 && clock(strings.ReplaceAll(strings.Trim(name[i+2:], "[]< "), " ", "")) {
			d.block = d.failures.open(name[:i], false)
			return
		}
	}
	if strings.HasPrefix(line, "  Passed ") || strings.HasPrefix(line, "  Skipped ") || strings.HasPrefix(text, "Total tests: ") {
		d.block = nil
	}
	if rest, ok := strings.CutPrefix(text, "Total tests: "); ok && number(rest) {
		d.seen = true
	} else if d.seen {
		if rest, ok := strings.CutPrefix(text, "Passed: "); ok && number(rest) {
			d.passed += atoi(rest)
		} else if rest, ok := strings.CutPrefix(text, "Skipped: "); ok && number(rest) {
			d.skipped += atoi(rest)
		}
	}
	d.block.add(line)
}

// totals reads "Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: …".
func (d *dotnet) totals(rest string) {
	d.seen, d.block = true, nil
	for part := range strings.SplitSeq(rest, ",") {
		word, num, _ := strings.Cut(strings.TrimSpace(part), ":")
		if num = strings.TrimSpace(num); number(num) {
			switch word {
			case "Passed":
				d.passed += atoi(num)
			case "Skipped":
				d.skipped += atoi(num)
			}
		}
	}
}

func (d *dotnet) report() report { return d.as("dotnet test") }

// ctest reads CTest's list after "The following tests FAILED:", and with
// --output-on-failure what the tests wrote.
type ctest struct {
	tally
	listing bool
	blocks  map[string]*block
}

func newCTest() *ctest { return &ctest{blocks: map[string]*block{}, tally: newTally()} }

func (c *ctest) read(line string) {
	if strings.HasSuffix(line, ":") && line == "The following tests FAILED:" {
		c.listing, c.block = true, nil
		return
	}
	text := strings.TrimLeft(line, " \t")
	if c.listing {
		num, rest, ok := strings.Cut(text, " - ")
		if i := strings.LastIndex(rest, " ("); ok && number(num) && i > 0 {
			name := rest[:i]
			if e, fresh := c.failures.add(name); fresh {
				if b := c.blocks[name]; b != nil && len(b.head) > 0 {
					e.block = b
				} else {
					e.block.add(rest[i+1:])
				}
			}
		}
		if text == "" || strings.HasPrefix(text, "Errors while") {
			c.listing = false
		}
		return
	}
	if share, rest, ok := strings.Cut(text, "% tests passed, "); ok && number(share) {
		if failed, word, ok := leading(rest); ok {
			if _, total, ok := strings.Cut(word, " out of "); ok && number(total) {
				c.seen, c.block = true, nil
				c.passed += max(0, atoi(total)-failed)
			}
		}
		return
	}
	if head, rest, ok := strings.Cut(text, " Test "); ok && strings.Contains(head, "/") && number(strings.ReplaceAll(head, "/", "")) {
		c.verdict(rest)
		return
	}
	if strings.HasPrefix(text, "Start ") && strings.Contains(text, ": ") {
		c.block = nil
		return
	}
	c.block.add(line)
}

// verdict reads "#2: name .............***Failed    0.01 sec".
func (c *ctest) verdict(rest string) {
	c.block = nil
	_, rest, _ = strings.Cut(rest, ": ")
	name, how, ok := strings.Cut(rest, " ..")
	switch {
	case !ok:
	case strings.Contains(how, "***") && !strings.Contains(how, "***Skipped") && !strings.Contains(how, "***Not Run (Disabled)"):
		if len(c.blocks) < maxFailures {
			c.block = &block{}
			c.blocks[strings.Clone(strings.TrimSpace(name))] = c.block
		}
	case strings.Contains(how, "Skipped"), strings.Contains(how, "Disabled"):
		c.skipped++
	}
}

func (c *ctest) report() report { return c.as("ctest") }
