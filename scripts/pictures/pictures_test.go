package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestPicturesShowTheMonitorAsItIs draws them anew.
func TestPicturesShowTheMonitorAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if err := run(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"list.svg", "diff.svg"} {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			dec := xml.NewDecoder(strings.NewReader(string(got)))
			for err == nil {
				_, err = dec.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s is no XML: %v", name, err)
			}
			want, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("docs/%s shows another monitor; draw it anew: go run ./scripts/pictures", name)
			}
		}
	})
}

func TestPenFollowsSequences(t *testing.T) {
	got := stretches("a\x1b[1;31mb\x1b[0mc\x1b[48;2;60;20;24;36md\x1b[0m")
	want := []stretch{{pen{}, "a"}, {pen{fore: palette[31], bold: true}, "b"}, {pen{}, "c"}, {pen{fore: palette[36], back: "#3c1418"}, "d"}}
	if len(got) != len(want) {
		t.Fatalf("%d stretches: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}
