package patch

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// wantKind applies a text and returns the error, which must be of that kind.
func wantKind(t *testing.T, kind Kind, text string, tree memTree, opt Options) *Error {
	t.Helper()
	res, err := Apply([]byte(text), tree, opt)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind || res.Writes != nil || res.Files != nil {
		t.Fatalf("got %v and %v, want %s", res, err, kind)
	}
	return e
}

// TestLooseConflict looks at what a conflict says, field by field.
func TestLooseConflict(t *testing.T) {
	tree := memTree{"src/menu.go": {ModeFile, []byte(`package menu

var soup = price(3)

var bread = price(1)
var salad = price(250, "with oil")
var fruit = price(2)

var water = price(0)
`)}}
	const text = `--- a/src/menu.go
+++ b/src/menu.go
@@ -3,1 +3,1 @@
-var soup = price(3)
+var soup = price(4)
@@ -5,3 +5,3 @@
 var bread = price(1)
-var salad = price(2)
+var salad = price(3)
 var fruit = price(2)
`
	e := wantKind(t, Conflict, text, tree, Options{})
	if e.Path != "src/menu.go" || e.Hunk != 2 || e.Line != 6 || e.At != 5 || e.First != 1 {
		t.Errorf("path %q, hunk %d, line %d, at %d, first %d", e.Path, e.Hunk, e.Line, e.At, e.First)
	}
	if want := []string{"var bread = price(1)", "var salad = price(2)", "var fruit = price(2)"}; !slices.Equal(e.Wanted, want) {
		t.Errorf("wanted %q", e.Wanted)
	}
	if want := []string{"var bread = price(1)", `var salad = price(250, "with oil")`, "var fruit = price(2)"}; !slices.Equal(e.Found, want) {
		t.Errorf("found %q", e.Found)
	}
	if e.Alike < 80 || e.Alike >= 100 {
		t.Errorf("alike by %d %%", e.Alike)
	}
	for _, piece := range []string{
		"src/menu.go: hunk 2", "(line 6 of the patch)", "| var salad = price(2)\n", "     6 | var salad = price(250, \"with oil\")\n",
		"the first difference, at line 6 of the file", `expected: "var salad = price(2)"`, `found:    "var salad = price(250, \"with oil\")"`,
	} {
		if !strings.Contains(e.Report(), piece) {
			t.Errorf("the report lacks %q:\n%s", piece, e.Report())
		}
	}
}

// TestLooseNowhere looks at a conflict of which nothing is in the file.
func TestLooseNowhere(t *testing.T) {
	text := "--- a/f\n+++ b/f\n@@ -400,2 +400,2 @@\n something else\n-and more\n+and less\n"
	e := wantKind(t, Conflict, text, memTree{"f": {ModeFile, []byte("one\ntwo\n")}}, Options{})
	if e.Alike > 50 || len(e.Wanted) != 2 {
		t.Errorf("alike by %d %%, wanted %q", e.Alike, e.Wanted)
	}
	e = wantKind(t, Conflict, text, memTree{"f": {ModeFile, nil}}, Options{})
	if len(e.Found) != 0 {
		t.Errorf("found %q in an empty file", e.Found)
	}
}

// TestLooseAmbiguous looks at a conflict of a hunk that has several places.
func TestLooseAmbiguous(t *testing.T) {
	text := "f\n<<<<<<< SEARCH\nstart the engine\n=======\nstop the engine\n>>>>>>> REPLACE\n"
	e := wantKind(t, Conflict, text, memTree{"f": {ModeFile, []byte(strings.Repeat("start the engine\nwait\n", 100))}}, Options{})
	if len(e.Places) != maxPlaces || e.Places[0] != 1 || e.Places[1] != 3 || !strings.Contains(e.Reason, "and more") {
		t.Errorf("places %v, %s", e.Places, e.Reason)
	}
}

// TestLooseReportBounds makes reports of huge hunks, huge lines and bytes that are no
// text: they stay short, and valid.
func TestLooseReportBounds(t *testing.T) {
	long := strings.Repeat("long line ", 100_000)
	many := strings.Repeat("-some line that is nowhere\n", 10_000)
	odd := "-\xff\xfe\x01\x1b[31mred\n"
	for name, body := range map[string]string{"long": "-" + long + "\n+x\n", "many": many + "+x\n", "odd": odd + "+x\n"} {
		e := wantKind(t, Conflict, "--- a/f\n+++ b/f\n@@ -1 +1 @@\n"+body, memTree{"f": {ModeFile, []byte("one\n" + long + "is long\n\xff\xff\n")}}, Options{})
		if r := e.Report(); len(r) > 32<<10 || !utf8.ValidString(r) || !strings.HasSuffix(r, "\n") {
			t.Errorf("%s: a report of %d bytes, valid: %v", name, len(r), utf8.ValidString(r))
		}
	}
}

// TestLoosePlaced looks at what a result says of each hunk.
func TestLoosePlaced(t *testing.T) {
	tree := memTree{"f": {ModeFile, []byte("new line\nfirst line\nsecond line\n\tthird line\nfourth line\n")}}
	const text = `--- a/f
+++ b/f
@@ -1,2 +1,2 @@
-first line
+line 1
 second line
@@ -3,2 +3,2 @@
-    third line
+    line 3
 fourth line
`
	res, err := Apply([]byte(text), tree, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := res.Files[0]
	want := []Placed{{Hunk: 1, Line: 2, Moved: 1, Tier: TierExact}, {Hunk: 2, Line: 4, Moved: 1, Tier: TierIndent}}
	if !slices.Equal(f.Placed, want) || f.Tier != TierIndent || f.Added != 2 || f.Removed != 2 || f.Hunks != 2 || f.Path != "f" || f.Op != Modify {
		t.Errorf("got %+v", f)
	}
	if got := string(res.Writes[0].Data); got != "new line\nline 1\nsecond line\n\tline 3\nfourth line\n" {
		t.Errorf("got %q", got)
	}
}

// TestTiers reads and writes the names of the tiers.
func TestTiers(t *testing.T) {
	for tier := TierExact; tier <= TierFuzzy; tier++ {
		if got, err := ParseTier(tier.String()); err != nil || got != tier {
			t.Errorf("%v: %v, %v", tier, got, err)
		}
	}
	for _, name := range []string{"", "EXACT", "fuzz", "tier 3"} {
		if got, err := ParseTier(name); err == nil {
			t.Errorf("%q is %v", name, got)
		}
	}
}
