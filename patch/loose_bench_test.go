package patch

import (
	"fmt"
	"strings"
	"testing"
)

// program returns n lines that look like a program, no two blocks of which are equal.
func program(n int) []string {
	lines := make([]string, 0, n)
	for i := 0; len(lines) < n; i++ {
		lines = append(lines,
			fmt.Sprintf("func work%d(input string) error {", i),
			fmt.Sprintf("\tif err := check(input, %d); err != nil {", i*7),
			"\t\treturn err",
			"\t}",
			fmt.Sprintf("\tlog.Printf(\"step %d of %%s\", input) // a 'quoted' note", i),
			fmt.Sprintf("\treturn finish(input, \"part-%d\")", i%97),
			"}",
			"")
	}
	return lines[:n]
}

// hunkAt returns a hunk that changes the sixth line of the block at a line.
func hunkAt(lines []string, at int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "@@ -%d,7 +%d,8 @@\n", at+1, at+1)
	for i, line := range lines[at : at+7] {
		if i == 5 {
			fmt.Fprintf(&b, "-%s\n+\tdefer done(%d)\n+\treturn nil\n", line, at)
			continue
		}
		fmt.Fprintf(&b, " %s\n", line)
	}
	return b.String()
}

// misquoted puts another word into the context.
func misquoted(text string) string {
	return strings.ReplaceAll(text, "log.Printf(\"step", "log.Print(\"stage")
}

// BenchmarkLoose applies a typical hunk at every tier, and very many.
func BenchmarkLoose(b *testing.B) {
	for _, n := range [...]int{500, 10_000} {
		lines := program(n)
		content := strings.Join(lines, "\n") + "\n"
		text := diffHead + hunkAt(lines, n/2/8*8)
		for _, t := range []struct {
			tier          Tier
			content, text string
		}{
			{TierExact, content, text},
			{TierLineEnds, strings.ReplaceAll(content, "\n", "\r\n"), text},
			{TierTrailing, strings.ReplaceAll(content, "{\n", "{ \n"), text},
			{TierIndent, content, strings.ReplaceAll(text, "\t", "    ")},
			{TierLookalike, content, strings.ReplaceAll(text, "'", "\u2019")},
			{TierFuzzy, content, misquoted(text)},
		} {
			b.Run(fmt.Sprintf("%dlines/%v", n, t.tier), func(b *testing.B) { benchLoose(b, t.content, t.text, t.tier) })
		}
		b.Run(fmt.Sprintf("%dlines/refused", n), func(b *testing.B) {
			tree := memTree{"f": {ModeFile, []byte(content)}}
			refused := []byte(strings.Replace(text, "-\treturn finish", "-\treturn finished", 1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Apply(refused, tree, Options{}); kindOf(err) != Conflict {
					b.Fatal(err)
				}
			}
		})
	}
	const n, hunks = 100_000, 1000
	lines := program(n)
	content := strings.Join(lines, "\n") + "\n"
	var text strings.Builder
	text.WriteString(diffHead)
	for k := range hunks {
		text.WriteString(hunkAt(lines, k*(n/hunks)/8*8))
	}
	b.Run("100000lines/1000hunks/exact", func(b *testing.B) { benchLoose(b, content, text.String(), TierExact) })
	b.Run("100000lines/1000hunks/fuzzy", func(b *testing.B) { benchLoose(b, content, misquoted(text.String()), TierFuzzy) })
}

// benchLoose applies a text that must be placed at a tier.
func benchLoose(b *testing.B, content, text string, tier Tier) {
	tree := memTree{"f": {ModeFile, []byte(content)}}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		res, err := Apply([]byte(text), tree, Options{})
		if err != nil || res.Files[0].Tier != tier {
			b.Fatalf("%v, %v", err, res.Files)
		}
	}
}
