package check

import "strings"

// mocha reads mocha's spec report: the numbered failures after "2 failing".
type mocha struct {
	failing  bool
	title    []string // of the failure whose title is being read
	next     int      // the number of the next failure
	block    *block
	failures *list

	passed, skipped int
	counted, seen   bool
}

func newMocha() *mocha { return &mocha{failures: newList()} }

func (m *mocha) read(line string) {
	if n, word, ok := leading(line); ok && strings.HasPrefix(line, "  ") && line[2] != ' ' {
		switch {
		case strings.HasPrefix(word, "passing ("):
			m.passed, m.counted, m.failing, m.block = m.passed+n, true, false, nil
			return
		case word == "pending" && m.counted:
			m.skipped += n
			return
		case word == "failing" && m.counted:
			m.failing, m.seen, m.next = true, true, 1
			return
		}
	}
	if !m.failing {
		return
	}
	if num, rest, ok := strings.Cut(line, ") "); ok && strings.HasPrefix(num, "  ") && number(num[2:]) && atoi(num[2:]) == m.next {
		m.next++
		m.title, m.block = []string{strings.TrimSpace(rest)}, nil
		m.named()
		return
	}
	switch {
	case m.title != nil:
		if text := strings.TrimSpace(line); text != "" && len(m.title) < 12 {
			m.title = append(m.title, strings.Clone(text))
			m.named()
		} else {
			m.title = nil
		}
	default:
		m.block.add(line)
	}
}

// named opens a failure once its title ends with a colon.
func (m *mocha) named() {
	last := len(m.title) - 1
	if name, ok := strings.CutSuffix(m.title[last], ":"); ok {
		m.title[last] = name
		m.block = m.failures.open(strings.Join(m.title, " > "), false)
		m.title = nil
	}
}

func atoi(s string) int {
	n := 0
	for _, c := range s[:min(len(s), 8)] {
		n = n*10 + int(c-'0')
	}
	return n
}

func (m *mocha) report() report {
	if !m.seen && !m.counted {
		return report{}
	}
	return report{"mocha", m.passed, m.skipped, m.failures}
}
