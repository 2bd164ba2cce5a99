package monitor

import (
	"slices"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// marks shows which bytes are marked: ^ below them.
func marksBelow(marked []bool) string {
	var b strings.Builder
	for _, m := range marked {
		if m {
			b.WriteByte('^')
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.TrimRight(b.String(), " ")
}

func TestWordsThatChangedAreMarked(t *testing.T) {
	for _, c := range []struct{ old, new, inOld, inNew string }{
		{"return errors.New(x)", "return fmt.Errorf(x)",
			"       ^^^^^^ ^^^", "       ^^^ ^^^^^^"},
		{"wait := 100 * ms", "wait := 50 * ms // slow",
			"        ^^^", "        ^^     ^^^^^^^^"},
		{"größe = 1", "größe = 2", "          ^", "          ^"},
	} {
		inOld, inNew := changedWords(c.old, c.new)
		if got := marksBelow(inOld); got != c.inOld {
			t.Errorf("old\n%s\n%s\nwant\n%s", c.old, got, c.inOld)
		}
		if got := marksBelow(inNew); got != strings.TrimRight(c.inNew, " ") {
			t.Errorf("new\n%s\n%s\nwant\n%s", c.new, got, c.inNew)
		}
	}
	if a, b := changedWords("nothing in common", "x := 1"); a != nil || b != nil {
		t.Error("lines that are not alike are marked word by word")
	}
}

func TestLinesArePairedByWhatTheyShare(t *testing.T) {
	old := []diffLine{{text: "// A comment on it."}, {text: "func do(times int) error {"}, {text: "for i := 0; i < times; i++ {"}}
	new := []diffLine{{text: "// Another comment on it,"}, {text: "// that has two lines."}, {text: "func do(times int, wait Duration) error {"}, {text: "for i := range times {"}}
	got := pairLines(old, new)
	if want := [][2]int{{0, 0}, {1, 2}, {2, 3}}; !slices.Equal(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
}

func TestSyntaxClasses(t *testing.T) {
	letters := map[class]byte{plainText: '.', comment: 'c', literal: 's', number: 'n', keyword: 'k'}
	show := func(cls []class) string {
		out := make([]byte, len(cls))
		for i, c := range cls {
			out[i] = letters[c]
		}
		return string(out)
	}
	for _, c := range []struct{ file, line, want string }{
		{"x.go", `if x := "a // b"; y { // why`, "kk......ssssssss......cccccc"},
		{"x.go", `r := '\'' + 0x1F /* c */ + y2`, ".....ssss...nnnn.ccccccc....."},
		{"x.py", `def f(a="x"): # it's`, "kkk.....sss...cccccc"},
		{"x.sh", `if [ "$a" ]; then # it`, "kk...ssss....kkkk.cccc"},
		{"x.md", "it isn't code: if 1", "..................."},
		{"x.rs", "fn it<'a>(x: &'a str)", "kk..................."},
		{"x.json", `{"a": true, "b": 12}`, ".sss..kkkk..sss..nn."},
	} {
		got, _ := syntaxOf(c.file).classes(c.line, code)
		if show(got) != c.want {
			t.Errorf("%s\n%s\n%s\nwant\n%s", c.file, c.line, show(got), c.want)
		}
	}
	s, in := syntaxOf("x.go"), code
	for _, c := range []struct {
		line string
		want inside
	}{{"a /* b", inComment}, {"still // here", inComment}, {"end */ x := `raw", inRaw}, {"\" /* no */", inRaw}, {"` done", code}} {
		if _, in = s.classes(c.line, in); in != c.want {
			t.Errorf("after %q it is %d, want %d", c.line, in, c.want)
		}
	}
}

func TestADiffIsReadByFile(t *testing.T) {
	d := newDiff("noise before\n"+sampleDiff+"diff --git a/old name.txt b/new name.txt\nsimilarity index 100%\nrename from old name.txt\nrename to new name.txt\n"+
		"diff --git \"a/gr\\303\\266\\303\\237e.sh\" \"b/gr\\303\\266\\303\\237e.sh\"\nold mode 100644\nnew mode 100755\n"+
		"diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n", paint{}, 100)
	var got []string
	for _, f := range d.files {
		got = append(got, strings.TrimSpace(f.path+" +"+itoa(f.added)+" -"+itoa(f.removed)+" "+f.note))
	}
	want := []string{"client/retry.go +4 -3", "client/doc.md +2 -0 new", "logo.png +0 -0 binary", "new name.txt +0 -0 renamed from old name.txt", "größe.sh +0 -0 mode 100755", "gone +0 -1 deleted"}
	if !slices.Equal(got, want) {
		t.Errorf("files\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	h := d.files[0].hunks[0]
	for _, l := range h.lines {
		if strings.Contains(l.text, "range") && (l.new != 13 || l.old != 0) || strings.Contains(l.text, "Sleep") && (l.old != 17 || l.new != 17) {
			t.Errorf("%q is line %d and %d", l.text, l.old, l.new)
		}
	}
}

func TestFoldingKeepsThePlace(t *testing.T) {
	d := newDiff(sampleDiff, paint{}, 100)
	all := d.Len()
	hunk := d.next(0, 1, false)
	second := d.next(hunk, 1, false)
	if d.rows[hunk] != (diffRow{0, 0, -1}) || d.rows[second] != (diffRow{0, 1, -1}) {
		t.Errorf("hunks at %v and %v", d.rows[hunk], d.rows[second])
	}
	if i := d.next(second, 1, true); d.rows[i] != (diffRow{1, -1, -1}) {
		t.Errorf("the next file is at %v", d.rows[i])
	}
	if i := d.next(second, -1, false); i != hunk {
		t.Errorf("the hunk before is at %d, want %d", i, hunk)
	}
	at := d.toggle(second + 2) // a line in it
	if d.rows[at] != (diffRow{0, 1, -1}) || d.Len() >= all {
		t.Errorf("folded: at %v, %d rows of %d", d.rows[at], d.Len(), all)
	}
	if at = d.toggle(at); d.Len() != all {
		t.Errorf("unfolded: %d rows of %d", d.Len(), all)
	}
	if at = d.toggleAll(at); d.Len() != len(d.files) || d.rows[at].file != 0 {
		t.Errorf("all folded: %d rows", d.Len())
	}
	d.toggleAll(at)
	if d.Len() != all {
		t.Errorf("all unfolded: %d rows of %d", d.Len(), all)
	}
	for i := range d.rows {
		if r := d.rows[i]; r.line >= 0 && !strings.Contains(d.Plain(i), d.files[r.file].hunks[r.hunk].lines[r.line].text) {
			t.Errorf("row %d is %q", i, d.Plain(i))
		}
	}
	if newDiff("", paint{}, 80).Len() != 0 || newDiff("no diff\n", paint{}, 80).Len() != 0 {
		t.Error("text that is no diff has rows")
	}
}

func TestALargeDiffBeginsFolded(t *testing.T) {
	var b strings.Builder
	for _, f := range []string{"a", "b"} {
		b.WriteString("diff --git a/" + f + " b/" + f + "\n--- a/" + f + "\n+++ b/" + f + "\n@@ -0,0 +1,1500 @@\n" + strings.Repeat("+x\n", 1500))
	}
	if d := newDiff(b.String(), paint{}, 80); d.Len() != 2 || d.files[1].added != 1500 {
		t.Errorf("%d rows, %d lines", d.Len(), d.files[1].added)
	}
	if sign(patch.LineAdded) != '+' || sign(patch.LineContext) != ' ' {
		t.Error("signs")
	}
}

func TestFilters(t *testing.T) {
	m := crowd(t, 200)
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 200}, {"number 17 ", 13}, {"state:done", 200}, {"state:running", 0}, {"verdict:ver", 40}, {"verdict:checks_failed,conflict", 80}, {"verdict:checks", 40},
		{"-verdict:verified", 160}, {"repo:repo-1", 61}, {"repo:repo-12", 15}, {"repo:REPO-12 maker:claude", 15}, {"maker:codex", 0}, {"text:module", 200}, {"-module", 0},
		{"state:", 200}, {"unknown:x", 0}, {"-", 0}, {"verdict:", 200},
	} {
		m.list.table.filter(parseQuery(c.text))
		if got := len(m.list.table.shown); got != c.want {
			t.Errorf("%q shows %d jobs, want %d", c.text, got, c.want)
		}
		for i := range len(c.text) { // typed letter by letter it must show the same
			m.list.table.filter(parseQuery(c.text[:i+1]))
		}
		if got := len(m.list.table.shown); got != c.want {
			t.Errorf("typed, %q shows %d jobs, want %d", c.text, got, c.want)
		}
	}
}

// TestFiltersChooseWhatQueriesDo holds the filter to the language of the queue, whatever
// can be said in it.
func TestFiltersChooseWhatQueriesDo(t *testing.T) {
	jobs := []agent.Job{
		{ID: 1, State: agent.Queued, Spec: agent.Spec{Title: "Fix the Parser", Repo: "/src/api", Group: "web", Labels: []string{"nightly", "slow"}}, Variants: []agent.Variant{{Number: 1}}},
		{ID: 2, State: agent.Running, Spec: agent.Spec{Title: "speed", Repo: "/src/API-2", Labels: []string{"nightly"}}, Variants: []agent.Variant{{Number: 1, Maker: "claude"}, {Number: 2, Maker: "ollama/qwen3"}}},
		{ID: 3, State: agent.Done, Verdict: agent.ChecksFailed, Spec: agent.Spec{Title: "the parser, again", Repo: "/home/web"}, Variants: []agent.Variant{{Number: 1, Maker: "claude"}}},
		{ID: 4, State: agent.Done, Verdict: agent.Verified, Spec: agent.Spec{Title: "docs", Repo: "/home/docs", Group: "web"}, Variants: []agent.Variant{{Number: 1, Maker: "codex"}}},
	}
	for _, text := range []string{"", "parser", "the parser", `"the parser"`, "state:done", "state:queued,running", "verdict:verified", "verdict:checks-failed,verified", "verdict:checks_failed",
		"repo:api", "group:web", "group:default", "group:web,default", "label:nightly", "label:nightly,slow", "label:nightly label:slow", "maker:claude", "maker:ollama/qwen3", "maker:codex,claude",
		"state:done state:queued", "verdict:verified verdict:checks_failed", "group:web group:default", "maker:codex maker:claude label:nightly",
		"state:done maker:claude parser", "sort:-cost limit:3 columns:id,title state:done"} {
		q, err := agent.ParseQuery(text)
		must(t, err)
		own := parseQuery(text)
		for i := range jobs {
			if want, got := q.Matches(&jobs[i]), own.matches(newRow(&jobs[i], noon)); got != want {
				t.Errorf("%q chooses job %d: %v, want %v", text, jobs[i].ID, got, want)
			}
		}
	}
	for _, key := range agent.QueryKeys() {
		if queryKeys[key] == nil {
			t.Errorf("the filter does not know the key %s", key)
		}
	}
}
