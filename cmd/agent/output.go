package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"codeagent.dev/agent"
)

// schemaVersion is that of every JSON document this program prints. It grows when a
// field changes its meaning or goes, not when one is added.
const schemaVersion = 1

// header starts every JSON document.
type header struct {
	SchemaVersion int `json:"schema_version"`
}

var docHeader = header{schemaVersion}

func addJSON(cmd *cobra.Command, v *bool) {
	cmd.Flags().BoolVar(v, "json", false, "print one JSON document instead")
}

// addWait is for the commands that begin something and can wait for it.
func addWait(cmd *cobra.Command, wait, follow *bool) {
	cmd.Flags().BoolVarP(wait, "wait", "w", false, "wait for the verdict; progress goes to stderr")
	cmd.Flags().BoolVarP(follow, "follow", "F", false, "wait, and watch it live")
}

// printJSON writes a document to stdout.
func (a *app) printJSON(doc any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// jobDoc is one job as JSON. The text is left out when it is not valid UTF-8;
// `agent diff` and `agent show` have it byte for byte.
type jobDoc struct {
	header
	Job  agent.Job `json:"job"`
	Text string    `json:"text,omitempty"`
}

type jobsDoc struct {
	header
	Jobs []agent.Job `json:"jobs"`
}

func newJobDoc(job agent.Job) jobDoc {
	doc := jobDoc{header: docHeader, Job: public(job)}
	if utf8.ValidString(job.Spec.Text) {
		doc.Text = job.Spec.Text
	}
	return doc
}

func newJobsDoc(jobs []agent.Job) jobsDoc {
	doc := jobsDoc{header: docHeader, Jobs: make([]agent.Job, len(jobs))}
	for i, job := range jobs {
		doc.Jobs[i] = public(job)
	}
	return doc
}

// public is a job without its commands' environment, which is nobody's business
// but the worker's.
func public(job agent.Job) agent.Job {
	job.Spec.Env = nil
	return job
}

// dataWriter is stdout where it is no terminal. It remembers the first write that
// failed, so that a full disk cannot make a command that printed nothing look like
// one that worked.
type dataWriter struct {
	to  io.Writer
	err error
}

func (w *dataWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// unwritten is why stdout did not take all that was printed, or nil.
func (a *app) unwritten() error {
	if w, ok := a.out.(*dataWriter); ok {
		return w.err
	}
	return nil
}

// say writes a line of talk to stderr, unless -q forbids it.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.talks(), format+"\n", args...)
	}
}

// isTerminal reports whether w is a terminal, without writing to it.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is how wide stdout is, 0 when it is no terminal.
func (a *app) width() int {
	f, ok := a.out.(*os.File)
	if !ok || !isTerminal(f) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}
