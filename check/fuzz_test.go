package check_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/check"
)

// bounded fails for a result that is larger than a cache and a model can take.
func bounded(t *testing.T, got check.Tests) {
	t.Helper()
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 1<<20 || len(got.Failures) > 400 {
		t.Errorf("%d failures in %d bytes", len(got.Failures), len(data))
	}
	seen := map[string]bool{}
	for _, f := range got.Failures {
		if f.ID == "" || len(f.ID) > 300 || seen[f.ID] || len(f.Signature) != 16 || len(f.Excerpt) > 2<<10 {
			t.Errorf("bad failure %+v", f)
		}
		if !utf8.ValidString(f.ID) || !utf8.ValidString(f.Excerpt) || strings.ContainsAny(f.ID, "\n\x1b") {
			t.Errorf("not plain text: %q", f.ID)
		}
		seen[f.ID] = true
	}
}

// FuzzReader: however the log comes in pieces, the result is the same and small.
func FuzzReader(f *testing.F) {
	for _, pattern := range []string{"testdata/logs/*.log", "testdata/logs/written/*.log"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatal("no logs", err)
		}
		for _, name := range names {
			log, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(log, uint16(7))
		}
	}
	f.Fuzz(func(t *testing.T, log []byte, size uint16) {
		whole := read(log, len(log))
		if diff := cmp.Diff(whole, read(log, int(size)%len("a piece of some bytes")+1)); diff != "" {
			t.Error(diff)
		}
		bounded(t, whole)
		if d := check.Compare(whole, whole); len(d.New)+len(d.Fixed)+len(d.Changed) > 0 {
			t.Errorf("a run against itself: %s", d.Summary())
		}
		d := check.Compare(check.Tests{}, whole)
		if text := d.Report(1000); len(text) > 1000 {
			t.Errorf("a report of %d bytes", len(text))
		}
	})
}

// FuzzTampering: any contents give a bounded list of one-line findings, and none where
// nothing changed.
func FuzzTampering(f *testing.F) {
	for _, c := range tamperings {
		for _, e := range c.changes {
			f.Add(e.Path, e.Old, e.New)
		}
	}
	f.Fuzz(func(t *testing.T, path string, old, now []byte) {
		found := check.Tampering([]check.Change{{Path: path, Old: old, New: now}, {Path: "b_test.go", OldPath: path, Old: now, New: old}})
		if len(found) > 200 {
			t.Errorf("%d findings", len(found))
		}
		for _, f := range found {
			if f.Kind == "" || f.Text == "" || strings.ContainsAny(f.Text, "\n\r") || f.Line < 0 || f.Line > 2+bytes.Count(old, []byte("\n"))+bytes.Count(now, []byte("\n")) {
				t.Errorf("bad finding %+v", f)
			}
		}
		if old != nil {
			if found := check.Tampering([]check.Change{{Path: path, Old: old, New: bytes.Clone(old)}}); len(found) > 0 {
				t.Errorf("nothing changed, and %v", found)
			}
		}
	})
}
