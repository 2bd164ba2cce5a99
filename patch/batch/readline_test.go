package batch

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 100)
	r := bufio.NewReaderSize(strings.NewReader("one\n\n"+long+"\n"+long[:30]+"\n"+long), 16)
	for _, want := range []string{"one", "", "LONG", long[:30], "LONG", "EOF"} {
		line, err := readLine(r, 40)
		got := string(line)
		switch {
		case errors.Is(err, errLong):
			got = "LONG"
		case errors.Is(err, io.EOF):
			got = "EOF"
		case err != nil:
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
