package disk

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/patch"
)

const (
	killedDir  = "DISK_TEST_KILLED_DIR"
	killedHome = "DISK_TEST_KILLED_HOME"
	generation = 12 // files
)

// TestWriteSurvivesKill lets a process change files over and over and kills it at any
// moment. After Recover all files are of one generation, no older than the last that the
// process has reported, and nothing else lies about.
func TestWriteSurvivesKill(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		writeUntilKilled(t, dir, os.Getenv(killedHome))
		return
	}
	s := newSandbox(t, nil)
	if err := writeGeneration(s.open(), 0); err != nil {
		t.Fatal(err)
	}
	reported, said := 0, 0
	for range 15 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestWriteSurvivesKill$", "-test.v")
		cmd.Env = append(os.Environ(), killedDir+"="+s.dir, killedHome+"="+s.home, "FROM="+strconv.Itoa(reported+1))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		first := true
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, ok := strings.CutPrefix(lines.Text(), "done ")
			if !ok {
				continue
			}
			reported, _ = strconv.Atoi(n)
			said++
			if first {
				first = false
				time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		if _, err := s.open().Recover(); err != nil {
			t.Fatal(err)
		}
		s.expectGeneration(&reported)
	}
	if said < 15 {
		t.Errorf("only %d changes were made", said)
	}
}

func writeUntilKilled(t *testing.T, dir, home string) {
	from, _ := strconv.Atoi(os.Getenv("FROM"))
	for n := from; ; n++ {
		tree, err := Open(dir, home)
		if err == nil {
			err = writeGeneration(tree, n)
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\ndone %d\n", n)
	}
}

// writeGeneration writes a number into every file; each second one moves to another
// directory every time.
func writeGeneration(tree *Tree, n int) error {
	var writes []patch.Write
	for i := range generation {
		if i%2 == 1 && n > 0 {
			writes = append(writes, gone(generationPath(i, n-1)))
		}
	}
	for i := range generation {
		writes = append(writes, file(generationPath(i, n), fmt.Sprintf("%d\n", n)))
	}
	return tree.Write(context.Background(), writes)
}

func generationPath(i, n int) string {
	if i%2 == 1 {
		return fmt.Sprintf("d%d/sub/f%d", n, i)
	}
	return fmt.Sprintf("d/f%d", i)
}

// expectGeneration takes the last generation reported, and sets it to the one that is
// there: a kill may come between a change and its report.
func (s sandbox) expectGeneration(reported *int) {
	s.t.Helper()
	got := s.photo()
	for _, n := range []int{*reported, *reported + 1} {
		want := map[string]string{"a tree/d": "drwxr-xr-x", fmt.Sprintf("a tree/d%d", n): "drwxr-xr-x", fmt.Sprintf("a tree/d%d/sub", n): "drwxr-xr-x"}
		for i := range generation {
			want["a tree/"+generationPath(i, n)] = fmt.Sprintf("-rw-r--r-- %d\n", n)
		}
		if len(got) == len(want) && got["a tree/d/f0"] == want["a tree/d/f0"] {
			*reported = n
			s.expect("after a kill", want)
			return
		}
	}
	s.t.Fatalf("after a kill: neither generation %d nor the next: %v", *reported, got)
}
