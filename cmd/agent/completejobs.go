package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/tui"
)

const (
	completeTime = 150 * time.Millisecond // for the daemon: a person waits with a key down
	maxOffered   = 50                     // of jobs that are offered
	maxScanned   = 1000                   // jobs that are looked at for them
)

// completing makes the app one that answers a shell: it starts nothing and says nothing.
func (a *app) completing(ctx context.Context) (context.Context, context.CancelFunc) {
	a.noStart, a.quiet, a.err = true, true, io.Discard
	return context.WithTimeout(ctx, completeTime)
}

// completeJobs completes the ids of jobs that choose takes, newest first, with their
// titles.
func (a *app) completeJobs(choose chooser) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		ctx, stop := a.completing(cmd.Context())
		defer stop()
		var words []string
		err := a.eachJob(ctx, typed, func(job agent.Job) bool {
			for _, word := range choose(job) {
				if !slices.Contains(args, word) && strings.HasPrefix(word, typed) {
					words = append(words, cobra.CompletionWithDesc(word, describe(job, word)))
				}
			}
			return len(words) < maxOffered
		})
		if err != nil {
			words = nil
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeRefs is completeJobs for commands that take a variant as well: those of a job
// are offered once its id and the slash are typed.
func (a *app) completeRefs(choose chooser) cobra.CompletionFunc {
	variants := a.completeJobs(func(job agent.Job) (words []string) {
		if len(choose(job)) > 0 {
			for _, v := range job.Variants {
				words = append(words, agent.Ref{Job: job.ID, Variant: v.Number}.String())
			}
		}
		return words
	})
	jobs := a.completeJobs(choose)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.Contains(typed, "/") {
			return variants(cmd, args, typed)
		}
		return jobs(cmd, args, typed)
	}
}

// eachJob calls f for the job whose id is typed, and then for the others, newest first,
// until it returns false.
func (a *app) eachJob(ctx context.Context, typed string, f func(agent.Job) bool) error {
	jobs, err := a.jobs(ctx)
	if err != nil {
		return err
	}
	id, _, whole := strings.Cut(typed, "/")
	exact, err := agent.ParseRef(id)
	if err == nil {
		found, err := jobs.List(ctx, agent.Filter{After: exact.Job + 1, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) == 1 && found[0].ID == exact.Job && !f(found[0]) || whole {
			return nil
		}
	}
	page := agent.Filter{Limit: 200}
	for scanned := 0; scanned < maxScanned; scanned += page.Limit {
		found, err := jobs.List(ctx, page)
		if err != nil {
			return err
		}
		for _, job := range found {
			if job.ID != exact.Job && !f(job) {
				return nil
			}
		}
		if len(found) < page.Limit {
			return nil
		}
		page.After = found[len(found)-1].ID
	}
	return nil
}

// describe says in a few words what a job, or a variant of it, is.
func describe(job agent.Job, word string) string {
	state, verdict := job.State, job.Verdict
	if ref, err := agent.ParseRef(word); err == nil && ref.Variant > 0 {
		if v, ok := job.Variant(ref.Variant); ok {
			state, verdict = v.State, v.Verdict
		}
	}
	says := string(state)
	if verdict != "" {
		says = tui.Words(verdict)
	}
	return says + ": " + tui.Line(job.Spec.Title)
}

// completeMakers offers those that are configured, known, or have answered before. Nobody
// is asked for it.
func (a *app) completeMakers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	_, stop := a.completing(cmd.Context())
	defer stop()
	found := map[string]string{}
	for _, c := range coder.Presets() {
		found[c.Name] = "coding agent"
	}
	if paths, err := a.paths(); err == nil {
		if ledger, err := maker.OpenLedger(paths.Makers()); err == nil {
			for _, r := range ledger.Records() {
				found[r.Name] = tui.Count(r.Answers, "answer")
			}
		}
	}
	var words []string
	if conf, err := a.config(); err == nil {
		for name := range conf.Agents {
			found[name] = "coding agent"
		}
		for _, name := range conf.Makers {
			words = append(words, cobra.CompletionWithDesc(name, "configured"))
			delete(found, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		words = append(words, cobra.CompletionWithDesc(name, found[name]))
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeProviders offers the providers of models that are known.
func (a *app) completeProviders(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	_, stop := a.completing(cmd.Context())
	defer stop()
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := map[string]bool{}
	for _, p := range model.Known() {
		names[p.Name] = true
	}
	if conf, err := a.config(); err == nil {
		for name := range conf.Providers {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), cobra.ShellCompDirectiveNoFileComp
}

// completeWith completes the values of a flag.
func completeWith(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, with); err != nil {
		panic(err) // the flag was not defined: a defect no run can miss
	}
}
