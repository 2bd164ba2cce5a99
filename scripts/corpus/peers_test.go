package main

import (
	"os/exec"
	"strings"
	"testing"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

func TestPeers(t *testing.T) {
	if _, err := exec.LookPath("patch"); err != nil {
		t.Log("GNU patch is not installed: only git apply is run")
	}
	dir := writeCorpus(t, map[string]string{"mutation.x.jsonl.gz": mutationLines, "mutation.x.blobs.jsonl.gz": blobLines})
	cases, err := load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	all, err := runPeers(runAll(cases, 2, false), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(all["git apply"]) != 2 {
		t.Fatalf("git apply ran %d cases, want 2", len(all["git apply"]))
	}
	for name, outcomes := range all {
		for i, want := range []verdict{right, refused} {
			if o := outcomes[i]; o.verdict != want || !o.good() {
				t.Errorf("%s on %s: %s, want %s (%v)", name, o.id, o.verdict, want, o.err)
			}
		}
	}
	var out strings.Builder
	peerTables(&out, all)
	for _, want := range []string{"mutation.x  2  100.0    -      100.0", "DAMAGE", "wrong-base  1", "times ours"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, out.String())
		}
	}
}

func TestSampleIsSpread(t *testing.T) {
	var outcomes []*outcome
	for range 100 {
		c := &aCase{format: patch.Unified, before: batch.Tree{"f": {}}, text: []byte("no patch")}
		outcomes = append(outcomes, &outcome{aCase: c})
	}
	all, err := runPeers(outcomes, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range []int{0, 25, 50, 75} {
		if all[""][i] != outcomes[at] {
			t.Errorf("case %d is not the one at %d", i, at)
		}
	}
}

// A tree that is laid down and read again is the same.
func TestLayAndRead(t *testing.T) {
	tree := batch.Tree{
		"a": {Mode: patch.ModeFile, Data: []byte("a\n")}, "d/x": {Mode: patch.ModeExec, Data: []byte("x")},
		"d/l": {Mode: patch.ModeLink, Data: []byte("../a")}, "d/e/b": {Mode: patch.ModeFile, Data: []byte{0xff}},
	}
	dir := t.TempDir()
	if err := lay(dir, tree); err != nil {
		t.Fatal(err)
	}
	if got, err := read(dir); err != nil || !got.Equal(tree) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := lay(t.TempDir(), batch.Tree{"../out": {}}); err == nil {
		t.Error("a file was laid outside of the directory")
	}
}
