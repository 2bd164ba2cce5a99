package patch

import (
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	const text = `t commit 1
t 
t - a list
hdiff --git a/f b/f
hindex 1234567..89abcde 100644
h--- a/f
h+++ b/f
@@@ -1,4 +1,3 @@ func
c context
r--- sql
a+++ more
r-gone
c
c\ No newline at end of file
@@@ bare @@
r-a
a+b
hdiff --git a/g b/h
hsimilarity index 100%
hrename from g
hrename to h
hdiff --git a/b b/b
tGIT binary patch
tliteral 0
tHcmV?d00001
h--- x
h+++ x
@@@ -1 +1 @@
r-a
a+b
a+too many
t-- 
t2.39.5
`
	letters := map[LineKind]string{LineText: "t", LineHeader: "h", LineHunk: "@", LineAdded: "a", LineRemoved: "r", LineContext: "c"}
	var plain, got strings.Builder
	for line := range strings.Lines(text) {
		plain.WriteString(line[1:])
	}
	for kind, line := range Lines([]byte(plain.String())) {
		got.WriteString(letters[kind] + string(line))
	}
	if got.String() != text {
		t.Errorf("got\n%s\nwant\n%s", got.String(), text)
	}
}

func TestStat(t *testing.T) {
	p, err := Parse(readFixture(t, "testdata/fixture/several.txtar").patch)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Stat()
	if len(s.Files) != 4 || s.Added != 3 || s.Removed != 2 {
		t.Errorf("%d files, +%d -%d", len(s.Files), s.Added, s.Removed)
	}
	want := FileStat{Path: "moved.txt", Old: "old.txt", Op: Rename, Added: 1, Removed: 1}
	if s.Files[2] != want {
		t.Errorf("got %+v, want %+v", s.Files[2], want)
	}
}
