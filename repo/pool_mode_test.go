//go:build unix

package repo

import (
	"os"
	"path/filepath"
	"testing"
)

// The permissions a command gives a file of the commit are gone with its tree's next
// use, those that git does not compare too.
func TestPoolRestoresPermissions(t *testing.T) {
	f := newPoolFixture(t)
	tree := f.take(f.one)
	name := filepath.Join(tree.files(), "a.txt")
	before, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0, 0o400, 0o600, 0o666, 0o777, 0o4644} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		f.giveBack(tree)
		if tree = f.take(f.one); tree.number != 1 {
			t.Fatalf("after mode %o the tree was given up", mode)
		}
		if after, err := os.Lstat(name); err != nil || after.Mode() != before.Mode() {
			t.Errorf("after mode %o it is %v, was %v: %v", mode, after.Mode(), before.Mode(), err)
		}
	}
	f.giveBack(tree)
}
