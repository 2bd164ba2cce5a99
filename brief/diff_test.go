package brief

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestDiffKeepsSecrets gives diffs that tell of secret files in every way a header can.
func TestDiffKeepsSecrets(t *testing.T) {
	const hunk = "@@ -1,2 +1,2 @@\n-PASSWORD=tulip\n+PASSWORD=rose\n x\n"
	const good = "diff --git a/x.go b/x.go\n--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-old\n+shown\n"
	for name, diff := range map[string]string{
		"changed":       "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n" + hunk + good,
		"renamed":       "diff --git a/.env b/sample.txt\nsimilarity index 60%\nrename from .env\nrename to sample.txt\n--- a/.env\n+++ b/sample.txt\n" + hunk + good,
		"removed":       "diff --git a/.env b/.env\ndeleted file mode 100644\n--- a/.env\n+++ /dev/null\n@@ -1 +0,0 @@\n-PASSWORD=tulip\n" + good,
		"below":         good + "diff --git a/d/.env b/d/.env\n--- a/d/.env\n+++ b/d/.env\n" + hunk,
		"a dash inside": "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1,2 +1 @@\n--- a comment\n-PASSWORD=tulip\n" + good,
	} {
		checkDiff(t, name, diff)
	}
	const plain = "--- x.go\t2026-01-01\n+++ x.go\t2026-01-02\n@@ -1 +1 @@\n-old\n+shown\n"
	for name, diff := range map[string]string{
		"plain":               "--- .env\t2026-01-01 10:00:00\n+++ .env\t2026-01-02 10:00:00\n" + hunk + plain,
		"plain, dashes":       "--- .env\t2026-01-01\n+++ .env\t2026-01-02\n@@ -1,2 +1 @@\n--- a comment\n-PASSWORD=tulip\n" + plain,
		"plain, with letters": "--- a/.env\n+++ b/.env\n" + hunk + plain,
	} {
		checkDiff(t, name, diff)
	}
}

func checkDiff(t *testing.T, name, diff string) {
	t.Helper()
	b, err := Build(t.Context(), Request{Tree: fstest.MapFS{"x.go": {Data: []byte("package x\n")}}, Words: "look", Diff: diff, Budget: 4000})
	if err != nil {
		t.Fatal(err)
	}
	if text := b.Text(); strings.Contains(text, "tulip") || !strings.Contains(text, "+shown") {
		t.Errorf("%s: the text is\n%s", name, text)
	}
	if len(b.Left) == 0 || b.Left[0].Reason != Secret {
		t.Errorf("%s: left out are %v", name, b.Left)
	}
}
