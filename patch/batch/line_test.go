package batch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch/batch"
)

// answer is what stands in a line, the message replaced by whether it holds a piece.
func answer(t *testing.T, line, piece string) string {
	t.Helper()
	a := batch.Answered([]byte(line))
	if !strings.Contains(a.Message, piece) || (piece == "") != (a.Message == "") {
		t.Errorf("the message lacks %q: %s", piece, a.Message)
	}
	a.Message = ""
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAnswers(t *testing.T) {
	const change = `"patch": "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n"`
	for _, test := range []struct{ name, line, want, message string }{
		{
			"a change", `{"id": 7, "files": {"f": "1\n", "g": "left alone"}, ` + change + `}`,
			`{"id":7,"status":"ok","after":{"f":"2\n"},"tier":"exact"}`, "",
		},
		{
			"a looser match", `{"id": 1, "files": {"f": "1 \n"}, ` + change + `}`,
			`{"id":1,"status":"ok","after":{"f":"2\n"},"tier":"trailing"}`, "",
		},
		{
			"a tier that is not allowed", `{"id": 1, "tier": "line-ends", "files": {"f": "1 \n"}, ` + change + `}`,
			`{"id":1,"status":"error","code":"conflict","after":{}}`, "the hunk expects these lines",
		},
		{
			"a conflict", `{"id": "a", "files": {"f": "3\n"}, ` + change + `}`,
			`{"id":"a","status":"error","code":"conflict","after":{}}`, "the hunk expects these lines",
		},
		{
			"a file that is not there", `{"id": {"n": 1}, "files": {"f": null}, ` + change + `}`,
			`{"id":{"n":1},"status":"error","code":"missing","after":{}}`, "f: there is no such file",
		},
		{
			"deleted, created, renamed with its mode", `{"id": 1, "files": {"old": "x\n", "gone": "y\n"}, "modes": {"before": {"old": "100755"}},
				"patch": "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\ndiff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\ndiff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n"}`,
			`{"id":1,"status":"ok","after":{"gone":null,"l":{"link":"new"},"new":"x\n","old":null},"modes":{"l":"120000","new":"100755"},"tier":"exact"}`, "",
		},
		{
			"a mode alone", `{"id": 1, "files": {"f": "1\n"}, "patch": "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"}`,
			`{"id":1,"status":"ok","after":{},"modes":{"f":"100755"}}`, "",
		},
		{
			"bytes", `{"id": 1, "files": {"f": {"b64": "/wo="}}, "patch": {"b64": "LS0tIGEvZgorKysgYi9mCkBAIC0xICsxLDIgQEAKIP8KK3gK"}}`,
			`{"id":1,"status":"ok","after":{"f":{"b64":"/wp4Cg=="}},"tier":"exact"}`, "",
		},
		{"no JSON", `{"id": 1`, `{"id":null,"status":"error","code":"input","after":{}}`, "unexpected end"},
		{"an empty line", ``, `{"id":null,"status":"error","code":"input","after":{}}`, "unexpected end"},
		{"no object", `7`, `{"id":null,"status":"error","code":"input","after":{}}`, "cannot unmarshal number"},
		{"no bytes of JSON", "{\"id\": 1, \"patch\": \"\xff\"}", `{"id":null,"status":"error","code":"input","after":{}}`, "not valid UTF-8"},
		{"half a character", `{"id": 1, "patch": "\udcff"}`, `{"id":1,"status":"error","code":"input","after":{}}`, "surrogate"},
		{"a wrong type", `{"id": 1, "files": {"f": 7}}`, `{"id":1,"status":"error","code":"input","after":{}}`, "cannot unmarshal number"},
		{"an unknown tier", `{"id": 1, "tier": "x"}`, `{"id":1,"status":"error","code":"input","after":{}}`, "no tier"},
		{"no tree", `{"id": 1, "files": {"f": "", "f/g": ""}}`, `{"id":1,"status":"error","code":"input","after":{}}`, "a file and a directory"},
		{"nothing", `{}`, `{"id":null,"status":"error","code":"empty","after":{}}`, "empty: "},
		{
			"a name that JSON cannot hold", `{"id": 1, "files": {}, "patch": "diff --git \"a/\\377\" \"b/\\377\"\nnew file mode 100644\n--- /dev/null\n+++ \"b/\\377\"\n@@ -0,0 +1 @@\n+x\n"}`,
			`{"id":1,"status":"error","code":"input","after":{}}`, "JSON cannot hold",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, answer(t, test.line, test.message)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
