package main

import (
	"bytes"
	"maps"
	"strings"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

// verdict is what an engine's answer to a case is worth.
type verdict string

const (
	right   verdict = "ok"          // byte for byte
	blanks  verdict = "ws"          // only blanks or line ends differ
	wrong   verdict = "WRONG"       // the one unforgivable answer
	noop    verdict = "noop"        // said to be applied, and nothing changed
	refused verdict = "refused"     // right where it must be refused
	bad     verdict = "applied-bad" // applied what must be refused
)

// judge says what it is worth that an engine refused a case or left this tree.
func judge(c *aCase, applied bool, tree batch.Tree) verdict {
	switch {
	case !applied:
		return refused
	case c.refuse && same(tree, c.before):
		return refused
	case c.refuse:
		return bad
	case same(tree, c.after) && sameModes(tree, c.modes):
		return right
	case same(tree, c.before):
		return noop
	case maps.EqualFunc(tree, c.after, sameInk) && sameModes(tree, c.modes):
		return blanks
	}
	return wrong
}

// good reports whether nothing is to be said against the answer.
func (c *aCase) good(v verdict) bool {
	if c.refuse {
		return v == refused
	}
	return v == right || c.mayRefuse && v == refused
}

// same reports whether two trees hold the same contents, links told from files.
func same(a, b batch.Tree) bool {
	return maps.EqualFunc(a, b, func(f, g batch.File) bool { return isLink(f) == isLink(g) && bytes.Equal(f.Data, g.Data) })
}

// sameModes reports whether files have the modes that the case states; most state none.
func sameModes(tree batch.Tree, want map[string]batch.Mode) bool {
	for path, mode := range want {
		if f, ok := tree[path]; ok && f.Mode != patch.Mode(mode) {
			return false
		}
	}
	return true
}

// sameInk reports whether two files differ in white space at most.
func sameInk(f, g batch.File) bool {
	return isLink(f) == isLink(g) && strings.Join(strings.Fields(string(f.Data)), "") == strings.Join(strings.Fields(string(g.Data)), "")
}

func isLink(f batch.File) bool { return f.Mode == patch.ModeLink }
