package proc_test

import (
	"testing"

	"codeagent.dev/agent/proc"
)

func TestLastLine(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\n \n":                      "two",
		"\x1b[31mred\x1b[0m\n":               "red",
		"10 %\r100 %":                        "100 %",
		"\x1b]0;a title\x07said":             "said",
		"bad \xff byte":                      "bad \uFFFD byte",
		"":                                   "",
		"done\n\x1b]8;;http://x\x1b\\link\n": "link",
	} {
		if got := proc.LastLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := proc.OneLine("a\t b\n\x1b[1mc\x1b[0m\x00d", 100); got != "a b c d" {
		t.Errorf("%q", got)
	}
	if got := proc.OneLine("aéé", 4); got != "aé…" {
		t.Errorf("cut within a rune: %q", got)
	}
}
