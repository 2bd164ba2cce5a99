package patch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestMalformed gives texts that cannot be read, each with the line at fault.
func TestMalformed(t *testing.T) {
	const head = "--- a/f\n+++ b/f\n"
	for _, tt := range []struct {
		name, text string
		kind       Kind
		line       int
	}{
		{"nothing", "", Empty, 0},
		{"prose", "I could not do it.\n\n- one\n+ two\n", Empty, 0},
		{"no header", "@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"hunk after prose", head + "@@ -1 +1 @@\n-a\n+b\n\nand\n@@ -9 +9 @@\n-a\n+b\n", Malformed, 8},
		{"bare hunk", head + "@@\n-a\n+b\n", Malformed, 3},
		{"hunk with words", head + "@@ func main() @@\n-a\n+b\n", Malformed, 3},
		{"no hunk", head + "so it goes\n", Malformed, 3},
		{"huge number", head + "@@ -98765432109876543210 +1 @@\n-a\n+b\n", Malformed, 3},
		{"negative", head + "@@ --1 +1 @@\n-a\n+b\n", Malformed, 3},
		{"too few lines", head + "@@ -1,3 +1,3 @@\n-a\n+b\n x\n", Malformed, 7},
		{"too few, another file", head + "@@ -1,3 +1,3 @@\n-a\n+b\ndiff --git a/g b/g\n", Malformed, 6},
		{"more old than stated", head + "@@ -1 +1,2 @@\n-a\n-b\n+c\n+d\n", Malformed, 5},
		{"no change", head + "@@ -1 +1 @@\n a\n", Malformed, 3},
		{"strange marker", head + "@@ -1,2 +1,2 @@\n-a\n+b\n*c\n", Malformed, 6},
		{"cut off", head + "@@ -1 +1 @@\n-a\n+b", Malformed, 5},
		{"old after the end", head + "@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n-b\n+c\n", Malformed, 6},
		{"context after the end", head + "@@ -1,2 +1,2 @@\n-a\n+c\n\\ No newline at end of file\n b\n", Malformed, 7},
		{"no file", "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"empty name", "--- a/\n+++ b/\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"bare header", "diff --git a/f b/f\n\nSo it is.\n", Malformed, 1},
		{"bare header of another file", "diff --git a/g b/g\ndiff --git a/f b/f\nold mode 100644\nnew mode 100755\n", Malformed, 2},
		{"a short mark", head + "@@ -1,2 +1,2 @@\n-a\n\\ No\n+b\n c\n", Malformed, 5},
		{"create with old lines", "--- /dev/null\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"delete that keeps", "--- a/f\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"git: two names", "diff --git a/f b/g\nold mode 100644\nnew mode 100755\n", Malformed, 1},
		{"git: one name", "diff --git a/f b/f\n--- a/f\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 1},
		{"git: no names", "diff --git a/f b/f\n@@ -1 +1 @@\n-a\n+b\n", Malformed, 2},
		{"git: nothing", "diff --git a/f b/f\nindex 1234567..89abcde 100644\n", Malformed, 1},
		{"git: rename from only", "diff --git a/f b/g\nrename from f\n", Malformed, 1},
		{"git: rename and copy", "diff --git a/f b/g\nrename from f\ncopy to g\n", Malformed, 3},
		{"git: half a mode", "diff --git a/f b/f\nold mode 100644\n", Malformed, 1},
		{"git: bad mode", "diff --git a/f b/f\nold mode 10x644\n", Malformed, 2},
		{"git: no mode", "diff --git a/f b/f\nnew file mode \n", Malformed, 2},
		{"git: directory", "diff --git a/f b/f\nnew file mode 040000\n", Malformed, 2},
		{"git: file to link", "diff --git a/f b/f\nold mode 100644\nnew mode 120000\n", Malformed, 1},
		{"submodule", "diff --git a/m b/m\nindex 1234567..89abcde 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n", Unsupported, 1},
		{"new submodule", "diff --git a/m b/m\nnew file mode 160000\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+Subproject commit 2\n", Unsupported, 1},
		{"combined", "diff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n", Unsupported, 1},
		{"binary too large", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\nliteral 999999999\nHcmV?d00001\n\n", TooLarge, 4},
		{"binary, wrong size", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\nliteral 3\nHcmV?d00001\n\n", Malformed, 4},
		{"binary, bad digit", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\nliteral 0\nHcmV?d0,001\n\n", Malformed, 5},
		{"binary, short line", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\nliteral 0\nHcmV?d0000\n\n", Malformed, 5},
		{"binary, no end", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\nliteral 0\nHcmV?d00001\n", Malformed, 6},
		{"binary, no data", "diff --git a/f b/f\nindex 1234567..89abcde\nGIT binary patch\n", Malformed, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := memTree{"f": {ModeFile, []byte("a\n")}}
			wantAgreement(t, tree, []byte(tt.text), Options{Strict: &Strict{}})
			_, err := Apply([]byte(tt.text), tree, Options{Strict: &Strict{}})
			if kindOf(err) != tt.kind {
				t.Fatalf("got %v %v, want %v", kindOf(err), err, tt.kind)
			}
			if e := err.(*Error); e.Line != tt.line {
				t.Errorf("line %d, want %d: %v", e.Line, tt.line, e)
			}
		})
	}
}

// TestSkipped gives texts of which git takes a part for prose, or a header for more than
// it says.
func TestSkipped(t *testing.T) {
	const head, hunk = "--- a/f\n+++ b/f\n", "@@ -1 +1 @@\n-a\n+b\n"
	for _, tt := range []struct {
		name, text string
		after      memTree
	}{
		{"lines beyond the counts", head + hunk + "+c\n-d\n e\n", memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a mark that is too short", head + hunk + "\\ No\n", memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a header without a hunk", "--- a/g\n+++ b/g\nprose\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a damaged hunk header between sections", "@@ -1 +1\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a combined diff", "diff --cc g\nindex 1,2..3\n--- a/g\n+++ b/g\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"the second of two names", "--- a/e\n+++ b/f\n" + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a backup's name", "--- a/f\n+++ b/f.orig\n" + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a damaged quotation", "--- \"a/f\\9\"\n+++ b/f\n" + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"line 0", head + "@@ -0 +1 @@\n-a\n+b\n", memTree{"f": {ModeFile, []byte("b\n")}}},
		{"another name in a header", "diff --git a/f b/f\n--- a/f\n+++ b/g\n" + hunk, memTree{"g": {ModeFile, []byte("b\n")}}},
		{"content left out", "diff --git a/g b/g\nnew file mode 100644\nindex 0000000..89abcde\n", memTree{"f": {ModeFile, []byte("a\n")}, "g": {ModeFile, nil}}},
		{"a similarity beyond all", "diff --git a/f b/g\nsimilarity index 900%\nrename from f\nrename to g\n", memTree{"g": {ModeFile, []byte("a\n")}}},
		{"a renaming to itself", "diff --git a/f b/f\nrename from f\nrename to f\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"a mode and words", "diff --git a/f b/f\nold mode 100644 or so\nnew mode 100755\n", memTree{"f": {ModeExec, []byte("a\n")}}},
		{"only the old mode", "diff --git a/f b/f\nold mode 100755\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
		{"only the new mode", "diff --git a/f b/f\nnew mode 100755\n" + head + hunk, memTree{"f": {ModeExec, []byte("b\n")}}},
		{"a plain section below a bare header", "diff --git a/g b/g\nbetween\n" + head + hunk, memTree{"f": {ModeFile, []byte("b\n")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := memTree{"f": {ModeFile, []byte("a\n")}}
			wantAgreement(t, before, []byte(tt.text), Options{Strict: &Strict{}})
			res, err := Apply([]byte(tt.text), before, Options{Strict: &Strict{}})
			if err != nil {
				t.Fatal(err)
			}
			wantTree(t, before.with(res.Writes), tt.after)
			wantRoundTrip(t, []byte(tt.text), Strict{})
		})
	}
}

// TestBinaryBelowLabels gives binary sections whose header is nothing but the labels of
// a text.
func TestBinaryBelowLabels(t *testing.T) {
	for _, name := range []string{"f", "a name"} {
		var content bytes.Buffer
		(&Blob{Data: []byte("b\x00")}).render(&content)
		text := fmt.Sprintf("diff --git a/%s b/%[1]s\n--- a/%[1]s\t\n+++ b/%[1]s\t\nGIT binary patch\n%s", name, content.Bytes())
		wantRoundTrip(t, []byte(text), Strict{})
		before := memTree{name: {ModeFile, []byte("a\n")}}
		wantAgreement(t, before, []byte(text), Options{Strict: &Strict{}})
	}
}

// TestTooLarge holds the bounds that a text alone can reach.
func TestTooLarge(t *testing.T) {
	if _, err := Parse(make([]byte, MaxText+1)); kindOf(err) != TooLarge {
		t.Errorf("text: %v", err)
	}
	section := "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
	if _, err := Parse([]byte(strings.Repeat(section, MaxFiles+1))); kindOf(err) != TooLarge {
		t.Errorf("files: %v", err)
	}
	tree := memTree{"f": {ModeFile, make([]byte, MaxFile+1)}}
	if _, err := Apply([]byte(section), tree, Options{Strict: &Strict{}}); kindOf(err) != TooLarge {
		t.Errorf("file: %v", err)
	}
}

// TestBodyKeepsBytes parses what must come through byte for byte.
func TestBodyKeepsBytes(t *testing.T) {
	body := "-a\r\n+b \r\n+\xff\xfe\t\n \n\n"
	p, err := Parse([]byte("--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@ func x\n" + body))
	if err != nil {
		t.Fatal(err)
	}
	h := p.Files[0].Hunks[0]
	if string(h.Body) != body || h.Section != " func x" {
		t.Errorf("body %q, section %q", h.Body, h.Section)
	}
	if got, want := h.Old(), "a\r\n\n\n"; string(got) != want {
		t.Errorf("old %q, want %q", got, want)
	}
	if got, want := h.New(), "b \r\n\xff\xfe\t\n\n\n"; string(got) != want {
		t.Errorf("new %q, want %q", got, want)
	}
}

// TestWholePatchCRLF reads a patch whose every line end is CRLF, as a mail client
// leaves it: it fits a file with such line ends, and no other.
func TestWholePatchCRLF(t *testing.T) {
	text := []byte(strings.ReplaceAll("diff --git a/f b/f\nindex 1234567..89abcde 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", "\n", "\r\n"))
	res, err := Apply(text, memTree{"f": {ModeFile, []byte("a\r\n")}}, Options{Strict: &Strict{}})
	if err != nil || !bytes.Equal(res.Writes[0].Data, []byte("b\r\n")) {
		t.Errorf("%v %v", res, err)
	}
	_, err = Apply(text, memTree{"f": {ModeFile, []byte("a\n")}}, Options{Strict: &Strict{}})
	if kindOf(err) != Conflict || !strings.Contains(report(err), `expected: "a\r"`) {
		t.Errorf("%v\n%s", err, report(err))
	}
}

// TestTwice makes or takes a file twice in ways that only one side shows; an empty kind
// is for what git applies.
func TestTwice(t *testing.T) {
	tree := memTree{"f": {ModeFile, nil}, "g": {ModeFile, nil}}
	const create = "diff --git a/h b/h\nnew file mode 100644\n"
	const gone, back = "diff --git a/f b/f\ndeleted file mode 100644\n", "diff --git a/f b/f\nnew file mode 100644\n"
	for text, want := range map[string]Kind{
		gone + gone:        Missing,
		gone + back:        "",
		gone + back + back: Exists,
		back + gone:        "",
		create + create:    "",
		create + "diff --git a/h b/i\nrename from h\nrename to i\n":                                              Missing,
		"diff --git a/f b/h\nrename from f\nrename to h\ndiff --git a/f b/f\nold mode 100644\nnew mode 100755\n": Missing,
		"diff --git a/f b/h\nrename from f\nrename to h\ndiff --git a/f b/i\nrename from f\nrename to i\n":       "",
		"diff --git a/f b/h\ncopy from f\ncopy to h\ndiff --git a/g b/h\nrename from g\nrename to h\n":           "",
		"diff --git a/f b/g\ncopy from f\ncopy to g\n":                                                           Exists,
	} {
		if _, err := Apply([]byte(text), tree, Options{Strict: &Strict{}}); kindOf(err) != want {
			t.Errorf("got %v, want %s, for\n%s", err, want, text)
		}
		wantAgreement(t, tree, []byte(text), Options{Strict: &Strict{}})
	}
}

// TestSeries applies two diffs of one file in a row: the second sees what the first made.
func TestSeries(t *testing.T) {
	text := "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n a\n b\n+new\n c\n--- a/f\n+++ b/f\n@@ -2,3 +2,3 @@\n b\n-new\n+newer\n c\n"
	for _, opt := range []Options{{Strict: &Strict{}}, {}} {
		res, err := Apply([]byte(text), memTree{"f": {ModeFile, []byte("a\nb\nc\n")}}, opt)
		if err != nil {
			t.Fatalf("%v\n%s", err, report(err))
		}
		if len(res.Writes) != 1 || string(res.Writes[0].Data) != "a\nb\nnewer\nc\n" {
			t.Errorf("got %v", res.Writes)
		}
	}
}
