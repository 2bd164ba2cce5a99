package proc

import (
	"maps"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestMembersBothWays: what processes say of their children and what the whole table
// says of parents is the same tree.
func TestMembersBothWays(t *testing.T) {
	c := exec.Command("sh", "-c", "sleep 60 & sh -c 'sleep 60 & sleep 60 & wait' & wait")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		tree, _ := members(os.Getpid(), 0)
		killStopped(tree, tree)
		_ = c.Wait()
	}()
	deadline := time.Now().Add(20 * time.Second)
	for {
		direct, err1 := members(os.Getpid(), 0)
		table, err2 := scanned(os.Getpid())
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if len(direct) == 5 && maps.Equal(direct, table) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v and %v", direct, table)
		}
	}
}
