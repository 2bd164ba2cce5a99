package repo

import (
	"os"
	"path/filepath"
	"testing"
)

// A command may change a file to the same size in the very tick of the clock in which
// the check-out wrote it. Nothing but the index's own time tells git to look.
func TestWriteTreeSeesChangeInTheSameTick(t *testing.T) {
	f := newPoolFixture(t)
	for range 100 {
		tree := f.take(f.one)
		name := filepath.Join(tree.files(), "a.txt")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[0] ^= 1
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
		id, err := tree.writeTree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := gitIn(t, f.pool.mirror, "diff-tree", "-r", "--name-only", f.one, id); got != "a.txt" {
			t.Fatalf("the change is lost: %q differs", got)
		}
		f.giveBack(tree)
	}
}
