package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent/patch"
)

// writeCorpus makes a directory of case files; those whose name ends in .gz are
// compressed.
func writeCorpus(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			w.Write(data)
			w.Close()
			data = b.Bytes()
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	blobLines = `{"ref": "1", "text": "one\ntwo\n"}
{"ref": "2", "text": "one\n2\n"}
`
	mutationLines = `{"id": "m/1", "source": "x@1", "format": "udiff", "files": {"f": {"ref": "1"}, "g": "kept"}, "after": {"f": {"ref": "2"}}, "patch": "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n", "expect": "ok", "kinds": ["clean"]}
{"id": "m/2", "source": "x@1", "format": "udiff", "files": {"f": {"ref": "1"}}, "after": {}, "patch": "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n nothing\n-like\n+this\n", "expect": "error", "kinds": ["wrong-base"]}
`
	gitLines = `{"id": "git-t/1", "format": "udiff", "files": {"f": "1\n"}, "after": {"f": null, "l": {"link": "f"}}, "patch": {"b64": "/w=="}, "expect": "ok", "modes": {"before": {"f": "100755"}, "after": {}}, "strip": 2}

{"id": "git-t/3", "format": "udiff", "files": {"f": "1\n", "g": ""}, "after": {"f": "2\n"}, "patch": "--- a/f\n", "expect": "ok", "modes": {"before": {}, "after": {"f": "100755", "g": "100644"}}}
{"id": "git-t/2", "format": "udiff", "files": {}, "after": {}, "patch": "", "expect": "error", "kind": "parse"}
`
)

func TestLoad(t *testing.T) {
	dir := writeCorpus(t, map[string]string{
		"cases/mutation.x.jsonl.gz": mutationLines, "cases/mutation.x.blobs.jsonl.gz": blobLines, "cases/git-t.jsonl": gitLines,
	})
	cases, err := load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 4 {
		t.Fatalf("got %d cases, want 4: a parser's test is none", len(cases))
	}
	git, index, mut := cases[0], cases[1], cases[2]
	if len(index.modes) != 1 || index.after["f"].Mode != patch.ModeFile {
		t.Errorf("a mode that only git's index knew is expected: %v", index.modes)
	}
	if git.before["f"].Mode != patch.ModeExec || git.after["l"].Mode != patch.ModeLink || len(git.after) != 1 || string(git.text) != "\xff" {
		t.Errorf("git's case was read as %+v", git)
	}
	if opt, err := git.options.Patch(); err != nil || opt.Strict == nil || opt.Strict.Strip != 2 {
		t.Errorf("git's case is not strict: %+v, %v", opt, err)
	}
	if string(mut.before["f"].Data) != "one\ntwo\n" || string(mut.after["f"].Data) != "one\n2\n" || string(mut.after["g"].Data) != "kept" {
		t.Errorf("the blobs were not found: %+v", mut)
	}
	if opt, _ := mut.options.Patch(); opt.Strict != nil {
		t.Error("a generated case is strict")
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	for text, why := range map[string]string{
		"{": "line 1",
		`{"id": "x", "files": {"f": {"ref": "gone"}}}`: "there is no blob gone",
		`{"id": "x", "files": {"f": 7}}`:               "line 1",
	} {
		dir := writeCorpus(t, map[string]string{"a.jsonl": text})
		if _, err := load([]string{dir}); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "a.jsonl") {
			t.Errorf("%s: got %v, want %q", text, err, why)
		}
	}
	if _, err := load([]string{t.TempDir()}); err == nil {
		t.Error("an empty directory is no corpus")
	}
}

func TestRun(t *testing.T) {
	dir := writeCorpus(t, map[string]string{"mutation.x.jsonl.gz": mutationLines, "mutation.x.blobs.jsonl.gz": blobLines})
	for _, test := range []struct {
		flags flags
		want  []string
	}{
		{flags{}, []string{"mutation.x  udiff   1  1   100.0  -       -      -     -        1 ", "udiff   wrong-base  ", "2 cases; a case takes"}},
		{flags{kind: "clean"}, []string{"1 cases"}},
		{flags{list: "wrong"}, nil},
		{flags{show: "m/1"}, []string{"it must be applied", "\n-two\n", "no difference"}},
		{flags{show: "m/2"}, []string{"it must be refused", "conflict: f: hunk 1"}},
	} {
		test.flags.paths, test.flags.workers = []string{dir}, 2
		var out strings.Builder
		if err := run(test.flags, &out); err != nil {
			t.Errorf("%+v: %v", test.flags, err)
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%+v lacks %q:\n%s", test.flags, want, out.String())
			}
		}
		if len(test.want) == 0 && out.Len() > 0 {
			t.Errorf("%+v: %s", test.flags, out.String())
		}
	}
	if err := run(flags{paths: []string{dir}, kind: "none"}, &strings.Builder{}); err == nil {
		t.Error("no case was like that")
	}
}
