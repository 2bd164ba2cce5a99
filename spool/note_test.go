package spool_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/spool"
)

func TestParse(t *testing.T) {
	a := spool.Note{Hook: "post-commit", Dir: "/a b\n'c'", GitDir: "/a b\n'c'/.git", Head: "ref: refs/heads/main", Commit: strings.Repeat("a", 40), Args: []string{}}
	b := spool.Note{Hook: "post-checkout", Dir: "/\xff", GitDir: "/g", Args: []string{"x", "", "end"}}
	whole := a.Text() + b.Text()
	notes, err := spool.Parse(whole)
	if diff := cmp.Diff([]spool.Note{a, b}, notes); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for i := range len(whole) {
		if _, err := spool.Parse(whole[:i]); i != len(a.Text()) && !errors.Is(err, spool.ErrUnfinished) {
			t.Errorf("cut off at %d of %d: %v", i, len(whole), err)
		}
	}
	bad := map[string]string{
		"another thing": "#!/bin/sh\x00",
		"a version":     strings.Replace(whole, "\x001\x00", "\x009\x00", 1),
		"arguments":     strings.Replace(whole, "\x000\x00", "\x00-1\x00", 1),
		"no end":        strings.Replace(whole, "\x00end\x00", "\x00and\x00", 1),
		"relative":      strings.Replace(whole, "/a b", "a b", 1),
	}
	for name, text := range bad {
		if _, err := spool.Parse(text); err == nil || errors.Is(err, spool.ErrUnfinished) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := (spool.Note{Head: "ref: refs/heads/feature/a"}); n.Branch() != "feature/a" {
		t.Errorf("branch %q", n.Branch())
	}
	for _, head := range []string{"", strings.Repeat("a", 40), "ref: refs/heads/.invalid", "ref: refs/tags/x"} {
		if n := (spool.Note{Head: head}); n.Branch() != "" {
			t.Errorf("%q is branch %q", head, n.Branch())
		}
	}
}

// FuzzParse: whatever lies in the spool, it is refused or a note, and a note that is
// written again is the same one.
func FuzzParse(f *testing.F) {
	f.Add(spool.Note{Hook: "post-merge", Dir: "/d", GitDir: "/d/.git", Head: "x", Commit: strings.Repeat("0", 40), Args: []string{"1"}}.Text())
	f.Add("agent-hook\x001\x00h\x00/d\x00.git\x00\x00\x0016\x00")
	f.Fuzz(func(t *testing.T, text string) {
		notes, err := spool.Parse(text)
		again := ""
		for _, n := range notes {
			again += n.Text()
		}
		if err != nil {
			return
		}
		if second, err := spool.Parse(again); err != nil || !cmp.Equal(notes, second) {
			t.Errorf("%q comes back as %q, %v", notes, second, err)
		}
	})
}

func TestTrailers(t *testing.T) {
	tests := []struct {
		message string
		want    []string
		found   bool
	}{
		{"", nil, false},
		{"Agent-Patch: a subject is no trailer", nil, false},
		{"s\n\nAgent-Patch: x\n", []string{"x"}, true},
		{"s\n\nbody\n\nAgent-Patch: x\nSigned-off-by: A <a@b>\nagent-patch:y", []string{"x", "y"}, true},
		{"s\n\nAgent-Patch: x\n  y\n\tz\nOther: a\n b\n", []string{"x y z"}, true},
		{"s\n\nAgent-Patch: x\n\nbody", nil, false},
		{"s\n\nsome text\nAgent-Patch: x\n", nil, false},
		{"s\n\nAgent-Patch:\n", nil, true},
		{"s\n\nAgent-Patch: x\n(cherry picked from commit 0123)\n", []string{"x"}, true},
		{"s\r\n\r\nAgent-Patch: x\r\n\r\n", []string{"x"}, true},
		{"s\n\n Agent-Patch: x\n", nil, false},
		{"s\n\nAgent-Patch : x\n", []string{"x"}, true},
		{"s\n\nAgent-Patch: \xff\n", []string{"?"}, true},
		{"s\n\nNot-Agent-Patch: x\n", nil, false},
		{"\n\nAgent-Patch: x", []string{"x"}, true},
	}
	for _, tt := range tests {
		got, found := spool.Trailers(tt.message, "Agent-Patch")
		if !slices.Equal(got, tt.want) || found != tt.found {
			t.Errorf("%q: %q, %v; want %q, %v", tt.message, got, found, tt.want, tt.found)
		}
	}
}

func FuzzTrailers(f *testing.F) {
	f.Add("s\n\nAgent-Patch: x\n y\n", "Agent-Patch")
	f.Add("\n \n:", "")
	f.Fuzz(func(t *testing.T, message, key string) {
		values, found := spool.Trailers(message, key)
		for _, v := range values {
			if !found || v == "" || strings.ContainsAny(v, "\n") {
				t.Errorf("%q in %q, %v", v, message, found)
			}
		}
	})
}
