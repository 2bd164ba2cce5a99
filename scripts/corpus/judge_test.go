package main

import (
	"testing"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

func TestJudge(t *testing.T) {
	tree := func(content string) batch.Tree { return batch.Tree{"f": {Mode: patch.ModeFile, Data: []byte(content)}} }
	before, after := tree("a b\n"), tree("a c\n")
	change := aCase{before: before, after: after}
	must := aCase{before: before, after: before, refuse: true}
	either := aCase{before: before, after: after, mayRefuse: true}
	link := aCase{before: before, after: batch.Tree{"f": {Mode: patch.ModeLink, Data: []byte("a c\n")}}}
	executable := aCase{before: before, after: after, modes: map[string]batch.Mode{"f": batch.Mode(patch.ModeExec)}}
	for name, test := range map[string]struct {
		aCase
		applied bool
		tree    batch.Tree
		want    verdict
		good    bool
	}{
		"every byte":                      {change, true, tree("a c\n"), right, true},
		"a line end":                      {change, true, tree("a c\r\n"), blanks, false},
		"another indentation":             {change, true, tree("\ta  c\n"), blanks, false},
		"another content":                 {change, true, tree("a d\n"), wrong, false},
		"one file too many":               {change, true, batch.Tree{"f": after["f"], "g": {}}, wrong, false},
		"the file is gone":                {change, true, batch.Tree{}, wrong, false},
		"nothing changed":                 {change, true, tree("a b\n"), noop, false},
		"not applied":                     {change, false, before, refused, false},
		"rightly refused":                 {must, false, before, refused, true},
		"applied without effect":          {must, true, tree("a b\n"), refused, true},
		"applied what is to be refused":   {must, true, tree("a c\n"), bad, false},
		"ambiguous, refused":              {either, false, before, refused, true},
		"ambiguous, at the right place":   {either, true, tree("a c\n"), right, true},
		"ambiguous, at another place":     {either, true, tree("c b\n"), wrong, false},
		"a file in place of a link":       {link, true, tree("a c\n"), wrong, false},
		"a mode that should have changed": {executable, true, tree("a c\n"), wrong, false},
	} {
		got := judge(&test.aCase, test.applied, test.tree)
		if got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		if test.aCase.good(got) != test.good {
			t.Errorf("%s: good is %v", name, !test.good)
		}
	}
}
