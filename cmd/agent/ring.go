package main

import (
	"fmt"
	"io"
	"path/filepath"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// ring tells a person in another window that what they wait for is over: the bell, or
// OSC 9, which terminals show as a notification. Only a terminal gets it.
func (a *app) ring(done []agent.Job) {
	conf, err := a.config()
	if err != nil || a.quiet || len(done) == 0 || !isTerminal(a.err) {
		return
	}
	text := fmt.Sprintf("%s: %s are done", filepath.Base(done[0].Spec.Repo), tui.Count(len(done), "job"))
	if len(done) == 1 {
		text = fmt.Sprintf("%s: job %s %s", filepath.Base(done[0].Spec.Repo), done[0].ID, tui.Words(done[0].Verdict))
	}
	ringOn(a.err, conf.Notify.Terminal, text)
}

// ringTest rings as it is set, and says how; "" when it does not.
func (a *app) ringTest(how string) string {
	if how == "off" || !isTerminal(a.err) {
		return ""
	}
	ringOn(a.err, how, "agent: this is a test")
	return "terminal (" + how + ")"
}

func ringOn(w io.Writer, how, text string) {
	switch how {
	case "bell":
		fmt.Fprint(w, "\a")
	case "osc9":
		fmt.Fprintf(w, "\x1b]9;%s\a", tui.Line(text))
	}
}
