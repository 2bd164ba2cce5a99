package monitor

import (
	"fmt"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// variantsText sets the variants of a job side by side: one column each where they fit,
// else one line each. The one that keys act on is marked.
func variantsText(c paint, job *agent.Job, variant, width int, now time.Time) lines {
	facts := variantFacts(c, job, now)
	label := 0
	for _, f := range facts {
		label = max(label, cells(f.name)+2)
	}
	n := len(job.Variants)
	column := (width - label) / max(1, n)
	need := 0
	for i, f := range facts {
		for _, v := range f.values {
			if i == 0 {
				v += "[]" // around the one that keys act on
			}
			need = max(need, cells(v)+2)
		}
	}
	if column >= min(need, 16) {
		return columns(c, facts, label, min(column, need), n, variant)
	}
	return wide(c, facts, n, variant)
}

// fact is one line of the comparison: its name, and a value for each variant.
type fact struct {
	name   string
	values []string
}

func variantFacts(c paint, job *agent.Job, now time.Time) []fact {
	names := []string{"", "standing", "verdict", "checks", "files", "lines", "tokens", "cost", "time", "tries", "maker"}
	facts := make([]fact, len(names))
	for i, name := range names {
		facts[i].name = name
	}
	for i := range job.Variants {
		for k, value := range factsOf(c, job, &job.Variants[i], now) {
			facts[k].values = append(facts[k].values, value)
		}
	}
	for _, check := range job.Spec.Checks {
		f := fact{name: "  " + fit(tui.Line(check.Name), min(14, cells(tui.Line(check.Name))))}
		for i := range job.Variants {
			f.values = append(f.values, outcomeOf(c, &job.Variants[i], check.Name))
		}
		facts = append(facts, f)
	}
	return facts
}

// factsOf is what variantFacts says of one variant, in the order of its names.
func factsOf(c paint, job *agent.Job, v *agent.Variant, now time.Time) []string {
	standing := ""
	switch {
	case v.Number == job.Picked:
		standing = "* picked"
	case v.Number == job.Proposed && job.Picked == 0:
		standing = "> proposed"
	}
	checks, files, changed, tokens := "–", "–", "–", "–"
	if len(v.Checks) > 0 {
		ok := 0
		for _, check := range v.Checks {
			if check.Outcome.OK() {
				ok++
			}
		}
		checks = fmt.Sprintf("%d of %d", ok, len(v.Checks))
	}
	if v.Commit != "" {
		files, changed = itoa(v.Stat.Files), fmt.Sprintf("+%d -%d", v.Stat.Added, v.Stat.Removed)
	}
	if v.SameAs > 0 {
		changed += fmt.Sprintf(" as /%d", v.SameAs)
	}
	if n := v.Usage.Tokens(); n > 0 {
		tokens = short(n)
	}
	maker := tui.Line(v.Maker)
	if maker == "" {
		maker = "–"
	}
	return []string{agent.Ref{Job: job.ID, Variant: v.Number}.String(), standing, c.Standing(v.State, v.Verdict), checks, files, changed, tokens,
		money(v.Usage.MicroUSD, v.Usage.Unpriced > 0), took(v, now), itoa(len(v.Attempts)), maker}
}

func outcomeOf(c paint, v *agent.Variant, name string) string {
	for _, check := range v.Checks {
		if check.Name == name {
			return c.Check(check.Outcome)
		}
	}
	return "–"
}

func took(v *agent.Variant, now time.Time) string {
	switch {
	case v.Started.IsZero():
		return "–"
	case v.State == agent.Running:
		return tui.Took(now.Sub(v.Started))
	}
	return tui.Took(v.Ended.Sub(v.Started))
}

func columns(c paint, facts []fact, label, column, n, variant int) lines {
	var out lines
	for i, f := range facts {
		line := c.Dim(fit(f.name, label))
		for k := range n {
			value := fit(f.values[k], column-2)
			switch {
			case i == 0 && k+1 == variant:
				value = c.chosen(fit("["+f.values[k]+"]", column-2))
			case i == 0:
				value = c.Bold(value)
			}
			line += value + "  "
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// wide is the comparison for many variants: a table that is scrolled sideways.
func wide(c paint, facts []fact, n, variant int) lines {
	var t tui.Table
	for _, f := range facts {
		t.Head = append(t.Head, strings.ToUpper(strings.TrimSpace(f.name)))
	}
	for k := range n {
		var row []string
		for i, f := range facts {
			value := f.values[k]
			if i == 0 && k+1 == variant {
				value = c.chosen("[" + value + "]")
			}
			row = append(row, value)
		}
		t.Add(row...)
	}
	var b strings.Builder
	if err := t.Write(&b, c.Style, 0); err != nil {
		return lines{err.Error()}
	}
	return asLines(b.String())
}

// short is a number as people say it: 950, 12k, 3.4M.
func short(n int64) string {
	switch {
	case n < 1000:
		return itoa(int(n))
	case n < 1_000_000:
		return itoa(int((n+500)/1000)) + "k"
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}

// money is a cost; unknown: of some requests it is not known.
func money(micro int64, unknown bool) string {
	switch {
	case micro == 0 && unknown:
		return "?"
	case micro == 0:
		return "–"
	}
	digits := 2
	if micro < 100_000 {
		digits = 4
	}
	text := fmt.Sprintf("$%.*f", digits, float64(micro)/1e6)
	if unknown {
		text = ">" + text
	}
	return text
}
