package batch_test

import (
	"encoding/json"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

func TestTreeIsAFileSystem(t *testing.T) {
	tree := batch.Tree{
		"a.txt":         {Data: []byte("one\n")},
		"dir/b.txt":     {Data: []byte("two\n")},
		"dir/sub/c.txt": {Mode: patch.ModeExec, Data: []byte("three\n")},
	}
	sys, err := tree.FS()
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(sys, "a.txt", "dir/b.txt", "dir/sub/c.txt"); err != nil {
		t.Error(err)
	}
	if info, err := fs.Lstat(sys, "dir/sub/c.txt"); err != nil || info.Mode() != 0o755 {
		t.Errorf("got %v, %v; want an executable file", info, err)
	}
}

func TestTreeShowsLinksAndOddNames(t *testing.T) {
	tree := batch.Tree{
		"link":         {Mode: patch.ModeLink, Data: []byte("dir/a")},
		"dir/\xffname": {Data: []byte("bytes")},
	}
	sys, err := tree.FS()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := fs.Lstat(sys, "link"); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("lstat of a link: %v, %v", info, err)
	}
	if target, err := fs.ReadLink(sys, "link"); err != nil || target != "dir/a" {
		t.Errorf("read link: %q, %v", target, err)
	}
	if _, err := fs.ReadFile(sys, "link"); err == nil {
		t.Error("a link was followed")
	}
	if data, err := fs.ReadFile(sys, "dir/\xffname"); err != nil || string(data) != "bytes" {
		t.Errorf("read odd name: %q, %v", data, err)
	}
}

func TestTreeRefusesWhatNoTreeHolds(t *testing.T) {
	for _, tree := range []batch.Tree{
		{"": {}}, {"/a": {}}, {"a/": {}}, {"a//b": {}}, {"./a": {}}, {"a/../b": {}},
		{"a": {}, "a/b": {}}, {"a/b": {}, "a/b/c/d": {}},
	} {
		if _, err := tree.FS(); err == nil {
			t.Errorf("%v was taken for a tree", tree)
		}
	}
}

func TestContentsAsJSON(t *testing.T) {
	for text, want := range map[string]batch.File{
		`"plain & <simple>\n"`:      {Mode: patch.ModeFile, Data: []byte("plain & <simple>\n")},
		`{"b64":"/wA="}`:            {Mode: patch.ModeFile, Data: []byte{0xff, 0}},
		`{"link":"../x"}`:           {Mode: patch.ModeLink, Data: []byte("../x")},
		`{"link":{"b64":"/3g="}}`:   {Mode: patch.ModeLink, Data: []byte("\xffx")},
		`""`:                        {Mode: patch.ModeFile, Data: []byte{}},
		`"\u00fc \u2028"`:           {Mode: patch.ModeFile, Data: []byte("ü \u2028")},
		`{"b64":""}`:                {Mode: patch.ModeFile, Data: []byte{}},
		`{"b64":"YQ==", "more": 1}`: {Mode: patch.ModeFile, Data: []byte("a")},
	} {
		var got batch.File
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again batch.File
		if err := json.Unmarshal(raw, &again); err != nil || !again.Equal(got) {
			t.Errorf("%s became %s, and that %v (%v)", text, raw, again, err)
		}
	}
	for _, text := range []string{`7`, `{}`, `{"b64": "?"}`, `["a"]`} {
		if err := json.Unmarshal([]byte(text), &batch.File{}); err == nil {
			t.Errorf("%s was taken for a content", text)
		}
	}
}

func TestTreeAfterWrites(t *testing.T) {
	before := batch.Tree{"a": {Data: []byte("1")}, "b": {Data: []byte("2")}}
	after := before.With([]patch.Write{{Path: "b", Delete: true}, {Path: "c", Mode: patch.ModeExec, Data: []byte("3")}})
	want := batch.Tree{"a": {Data: []byte("1")}, "c": {Mode: patch.ModeExec, Data: []byte("3")}}
	if !after.Equal(want) || len(before) != 2 {
		t.Errorf("got %v, and before is %v", after, before)
	}
}
