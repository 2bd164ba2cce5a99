package brief

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
)

// key is put together here so that this file holds none.
var key = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"

func treeOf(files ...string) fstest.MapFS {
	t := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		t[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return t
}

func TestBuildPutsNamedFilesFirstAndRanksTheRest(t *testing.T) {
	tree := treeOf("AGENTS.md", "Run the tests.\n", "http/header.go", "package http\n\nfunc ParseHeader(s string) {}\n",
		"disk/disk.go", "package disk\n\nfunc Flush() {}\n", "main.go", "package main\n\nfunc main() {}\n", ".env", "TOKEN=1\n", "k.txt", key+"\n")
	b, err := Build(t.Context(), Request{Tree: tree, Words: "parse a header without a colon", Paths: []string{"main.go"}, Budget: 4000})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Files) < 2 || b.Files[0].Path != "main.go" || b.Files[0].Why != "named" || b.Files[1].Path != "http/header.go" {
		t.Errorf("files: %+v", b.Files)
	}
	if len(b.Guidance) != 1 || !strings.Contains(b.Text(), "Run the tests.") || !strings.Contains(b.Map, "header.go: ParseHeader") {
		t.Errorf("guidance %+v, map %q", b.Guidance, b.Map)
	}
	for _, l := range []Left{{".env", Secret}, {"k.txt", Secret}} {
		if !strings.Contains(fmt.Sprint(b.Left), fmt.Sprint(l)) {
			t.Errorf("%v is not in %v", l, b.Left)
		}
	}
}

func TestBuildRefusesWhatDoesNotFit(t *testing.T) {
	_, err := Build(t.Context(), Request{Tree: treeOf("a.go", strings.Repeat("x y z\n", 5000)), Paths: []string{"a.go"}, Budget: 1000})
	small, ok := errors.AsType[*TooSmall](err)
	if !ok || small.Need < 9000 || small.Budget > 1000 || len(small.Files) != 1 {
		t.Errorf("error %v", err)
	}
}

// TestRandomTrees holds for every tree: no secret leaves, the budget is kept, and
// twice the same request is the same text, with a cache and without.
func TestRandomTrees(t *testing.T) {
	for n := range 150 {
		rnd := rand.New(rand.NewPCG(1, uint64(n)))
		tree := fstest.MapFS{}
		for i := range rnd.IntN(40) + 1 {
			dir := []string{"", "a/", "a/b/", "conf/", ".ssh/"}[rnd.IntN(5)]
			base := []string{"x%d.go", ".env", "id_rsa", "t%d.pem", "y%d.md", "z%d.txt", "AGENTS.md", "`%d`\n.py"}[rnd.IntN(8)]
			if strings.Contains(base, "%d") {
				base = fmt.Sprintf(base, i)
			}
			text := strings.Repeat([]string{"func parse() {}\n", "````\n# heading\n", "word word"}[rnd.IntN(3)], rnd.IntN(300))
			if secret := secretName(dir + base); secret || rnd.IntN(5) == 0 {
				text += key + "\n" + text
			}
			tree[dir+base] = &fstest.MapFile{Data: []byte(text)}
		}
		req := Request{Tree: tree, Words: "parse the heading in word, a/x1.go:3 and .env", Paths: []string{"a", "conf", ".ssh"}, Budget: rnd.IntN(8000) + 200}
		b, err := Build(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.Text(), key) {
			t.Fatalf("tree %d: a secret leaves", n)
		}
		if b.Tokens > req.Budget || b.Tokens != estimate(b.Text()) {
			t.Fatalf("tree %d: %d tokens of %d", n, b.Tokens, req.Budget)
		}
		req.Cache = NewCache(1 << 20)
		for range 2 {
			if again, err := Build(t.Context(), req); err != nil || again.Text() != b.Text() {
				t.Fatalf("tree %d: another text, %v", n, err)
			}
		}
	}
}
