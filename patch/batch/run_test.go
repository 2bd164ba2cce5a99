package batch_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"codeagent.dev/agent/patch/batch"
)

func line(id int) string {
	return fmt.Sprintf(`{"id": %d, "files": {"f": "1\n"}, "patch": "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+%d\n"}`, id, id+2) + "\n"
}

func TestRunKeepsTheOrder(t *testing.T) {
	const n = 2000
	var in, out strings.Builder
	for i := range n {
		if i%7 == 0 {
			in.WriteString("no JSON\n")
			continue
		}
		in.WriteString(line(i))
	}
	if err := batch.Run(t.Context(), strings.NewReader(strings.TrimSuffix(in.String(), "\n")), &out, 8); err != nil {
		t.Fatal(err)
	}
	i := 0
	for text := range strings.Lines(out.String()) {
		var a struct {
			ID     *int
			Status string
			After  map[string]string
		}
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		switch {
		case i%7 == 0 && (a.ID != nil || a.Status != batch.StatusError):
			t.Errorf("line %d: %s", i, text)
		case i%7 != 0 && (*a.ID != i || a.After["f"] != fmt.Sprintf("%d\n", i+2)):
			t.Errorf("line %d: %s", i, text)
		}
		i++
	}
	if i != n {
		t.Errorf("got %d answers to %d lines", i, n)
	}
}

// Each line must be answered before the next is written.
func TestRunAnswersAtOnce(t *testing.T) {
	r, in := io.Pipe()
	out, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- batch.Run(t.Context(), r, w, 4)
		w.Close()
	}()
	answers := bufio.NewReader(out)
	for i := range 5 {
		if _, err := io.WriteString(in, line(i)); err != nil {
			t.Fatal(err)
		}
		text, err := answers.ReadString('\n')
		if err != nil || !strings.HasPrefix(text, fmt.Sprintf(`{"id":%d,`, i)) {
			t.Fatalf("got %q, %v", text, err)
		}
	}
	in.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// An interrupt ends it though nobody closes its input.
func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, in := io.Pipe()
	out, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- batch.Run(ctx, r, w, 2) }()
	go io.WriteString(in, line(1))
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	in.Close()
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRunEndsWhenNobodyListens(t *testing.T) {
	r, in := io.Pipe()
	go func() {
		for err := error(nil); err == nil; {
			_, err = io.WriteString(in, line(1))
		}
	}()
	if err := batch.Run(t.Context(), r, full{}, 2); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	r.Close()
}
