package patch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// large makes a file of n lines and a patch with a hunk every n/hunks lines. The
// lines repeat with the given period; period n means that none does.
func large(n, hunks, period int) (content, text []byte) {
	line := func(i int) string { return fmt.Sprintf("line %d of a file that is rather large\n", i%period) }
	var file, diff strings.Builder
	for i := range n {
		file.WriteString(line(i))
	}
	diff.WriteString("--- a/f\n+++ b/f\n")
	for k := range hunks {
		at := k*(n/hunks) + 4
		fmt.Fprintf(&diff, "@@ -%d,7 +%d,7 @@\n", at+1, at+1)
		for i := range 7 {
			if i == 3 {
				fmt.Fprintf(&diff, "-%s+changed %d\n", line(at+i), k)
				continue
			}
			diff.WriteString(" " + line(at+i))
		}
	}
	return []byte(file.String()), []byte(diff.String())
}

func BenchmarkApply(b *testing.B) {
	const lines, hunks = 100_000, 1000
	content, text := large(lines, hunks, lines)
	for name, content := range map[string][]byte{
		"stated": content,
		"moved":  append([]byte("a new first line\n"), content...),
	} {
		b.Run(fmt.Sprintf("%dlines/%dhunks/%s", lines, hunks, name), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Apply(text, memTree{"f": {ModeFile, content}}, Options{Strict: &Strict{}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	small, one := large(1000, 3, 1000)
	b.Run("1000lines/3hunks", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Apply(one, memTree{"f": {ModeFile, small}}, Options{Strict: &Strict{}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestHostileCost holds that texts and files made to be slow end soon. The limit
// is far above what they take (tens of milliseconds; with the race detector some
// hundreds), and far below what any of them takes where the cost is a product.
func TestHostileCost(t *testing.T) {
	const limit = time.Minute // a few seconds on a quiet machine
	const lines, hunks = 100_000, 1000
	repeated, many := large(lines, hunks, 10)
	shifted := append([]byte("a new first line\n"), repeated...)
	same := bytes.Repeat([]byte("same\n"), 1_000_000)
	sameHunk := "@@ -5,20001 +5,20001 @@\n" + strings.Repeat(" same\n", 20_000) + "-other\n+new\n"
	moved, movedText := large(lines, hunks, lines)
	path := strings.Repeat("d/", MaxPath/2-20)
	var deep strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&deep, "--- /dev/null\n+++ b/%sf%d\n@@ -0,0 +1 @@\n+x\n", path, i)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		text    string
		kind    Kind
	}{
		{"1000 hunks, all moved", append([]byte("a new first line\n"), moved...), string(movedText), ""},
		{"a file that repeats itself, moved", shifted, string(many), ""},
		{"equal lines, none fits", same, "--- a/f\n+++ b/f\n" + sameHunk, Conflict},
		{"equal lines, all fit", same, "--- a/f\n+++ b/f\n@@ -9999999,3 +9999999,3 @@\n same\n-same\n+new\n same\n", ""},
		{"equal lines, nearly all fit", append([]byte("other\n"), same...), "--- a/f\n+++ b/f\n@@ -5,20002 +5,20002 @@\n" + strings.Repeat(" same\n", 20_000) + "-other\n+new\n same\n", TooLarge},
		{"a long last line", nil, "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-" + strings.Repeat("x", 8<<20), Malformed},
		{"blanks in a header", nil, "diff --git " + strings.Repeat(" a", 4<<20) + "\nold mode 100644\nnew mode 100755\n", Malformed},
		{"a long quoted name", nil, "--- \"a/" + strings.Repeat(`\303`, 1<<20) + "\"\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", Conflict},
		{"blanks in many headers", nil, strings.Repeat("diff --git"+strings.Repeat(" a", 10_000)+"\nnew mode 100755\n", 500), Malformed},
		{"many headers", nil, strings.Repeat("diff --git a/f b/f\n", 1<<18), Malformed},
		{"blank lines after hunks", nil, strings.Repeat("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"+strings.Repeat("\n", 500), 5000), Conflict},
		{"deep directories", nil, deep.String(), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			_, err := Apply([]byte(tt.text), memTree{"f": {ModeFile, tt.content}}, Options{Strict: &Strict{}})
			if kindOf(err) != tt.kind || tt.kind == "" && err != nil {
				t.Errorf("got %v, want %q", err, tt.kind)
			}
			took := time.Since(begin)
			if t.Logf("%v", took); took > limit {
				t.Errorf("took %v", took)
			}
		})
	}
}
