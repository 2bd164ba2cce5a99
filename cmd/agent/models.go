package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/tui"
)

type modelsOptions struct {
	*app
	provider string
	all      bool
	wake     bool
	json     bool
}

func newModelsCmd(a *app) *cobra.Command {
	o := &modelsOptions{app: a}
	cmd := &cobra.Command{
		Use:   "models [PROVIDER]",
		Short: "Show who can make patches from words, and why not",
		Long: `Show who can make patches from words: models that run on this machine, providers whose
key is set, and coding agents that are installed; how much a model takes in, and what it
costs. With a PROVIDER, its models are listed.

What "agent patch" uses when no makers are configured has a * before its name. It is the
daemon's environment that counts: after setting a key, restart it. A maker that failed
for its own reasons rests for a while; --wake lets it be asked again at once.`,
		Example: `  agent models
  agent models --all                      those that are not there, too
  agent models openrouter
  agent config set makers ollama/qwen2.5-coder:7b,claude`,
		Args: args(0, 1, "a provider"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.provider = args[0]
			}
			return runModels(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeProviders,
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "show what is not there, and how to get it")
	cmd.Flags().BoolVar(&o.wake, "wake", false, "let makers that rest be asked again")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

// makerReport asks the daemon who could make patches.
func (a *app) makerReport(ctx context.Context, provider string, wake bool) (r maker.Report, err error) {
	defer a.doing("asking providers and agents")()
	c, err := a.connect(ctx, !a.noStart)
	if err != nil {
		return r, err
	}
	return r, c.Makers(ctx, provider, wake, &r)
}

type modelsDoc struct {
	header
	maker.Report
}

func runModels(ctx context.Context, o *modelsOptions) error {
	report, err := o.makerReport(ctx, o.provider, o.wake)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(modelsDoc{docHeader, report})
	}
	conf, err := o.config()
	if err != nil {
		return err
	}
	t := tui.Table{Head: []string{"", "MAKER", "CONTEXT", "$ IN/OUT PER 1M", "ANSWERS IN", "WHERE, OR WHY NOT"}}
	ready, hidden := 0, 0
	for _, f := range report.Found {
		if !f.Ready && !o.all && o.provider == "" {
			hidden++
			continue
		}
		if f.Ready {
			ready++
		}
		t.Add(o.modelRow(f)...)
	}
	if len(t.Rows) > 0 {
		if err := t.Write(o.out, o.style(), o.width()); err != nil {
			return err
		}
	}
	for _, f := range report.Found {
		if !f.Ready && f.Hint != "" && (o.all || o.provider != "" || ready == 0) {
			o.say("%s: %s", f.Name, f.Hint)
		}
	}
	switch {
	case ready == 0:
		o.say("nobody here could make a patch from words")
	case len(conf.Makers) > 0:
		o.say("configured: %s", strings.Join(conf.Makers, ", "))
	}
	if hidden > 0 {
		o.say("%d more are not there: agent models --all", hidden)
	}
	return nil
}

func (o *modelsOptions) modelRow(f maker.Found) []string {
	chosen, price, where := "", "-", oneLine(f.Why)
	switch {
	case f.Chosen && f.Ready:
		chosen = "*"
	case !f.Ready:
		chosen = "-"
	}
	if f.Price != nil {
		price = "free"
		if f.Price.Input != 0 || f.Price.Output != 0 {
			price = fmt.Sprintf("%g / %g", f.Price.Input, f.Price.Output)
		}
	} else if f.Kind == "model" {
		price = "unknown"
	}
	if !f.Until.IsZero() {
		where = "rests until " + f.Until.Local().Format("15:04:05") + ": " + where
	}
	return []string{chosen, oneLine(f.Name), tokens(f.Context), price, f.Format, where}
}

// tokens shows a number of tokens; "" for none.
func tokens(n int) string {
	switch {
	case n == 0:
		return ""
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}

func newStatsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats {models}",
		Short:   "Show how the answers of makers did",
		Long:    `Show how the answers of makers did, over all jobs.`,
		Example: "  agent stats models",
		Args:    rootArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o := &modelsOptions{app: a}
	sub := &cobra.Command{
		Use:   "models",
		Short: "How often answers applied at once, after a correction, or not",
		Long: `Show for each model and coding agent how many answers it gave, how many of them applied
at the first try, applied after a correction, did not apply, or were refused, how many
passed every check, and what they used.

A model of which three answers in a row do not apply is asked for another form of edits,
in the end for whole files.`,
		Example: `  agent stats models
  agent stats models --json | jq '.records[] | {name, verified, answers}'`,
		Args: args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatsModels(cmd.Context(), o) },
	}
	addJSON(sub, &o.json)
	cmd.AddCommand(exits(sub, talking))
	return exits(cmd, talking)
}

type statsDoc struct {
	header
	Records []maker.Record `json:"records"`
}

func runStatsModels(ctx context.Context, o *modelsOptions) error {
	report, err := o.makerReport(ctx, "", false)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(statsDoc{docHeader, report.Records})
	}
	t := tui.Table{Head: []string{"MAKER", "ANSWERS", "FIRST TRY", "REPAIRED", "UNFIT", "REFUSED", "VERIFIED", "ERRORS", "TOKENS", "COST"}}
	for _, r := range report.Records {
		t.Add(oneLine(r.Name), fmt.Sprint(r.Answers), share(r.First, r.Answers), share(r.Repaired, r.Answers), share(r.Unfit, r.Answers),
			share(r.Refused, r.Answers), share(r.Verified, r.Answers), fmt.Sprint(r.Errors), tokens(int(r.Usage.Tokens())), cost(r.Usage))
	}
	if len(report.Records) == 0 {
		o.say("no maker has answered yet")
		return nil
	}
	return t.Write(o.out, o.style(), o.width())
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d (%d %%)", n, (100*n+of/2)/of)
}

// restingLine says which makers rest; "" if none does.
func restingLine(records []maker.Record, now time.Time) string {
	var parts []string
	for _, r := range records {
		if r.Until.After(now) {
			parts = append(parts, fmt.Sprintf("%s until %s (%s)", oneLine(r.Name), r.Until.Local().Format("15:04:05"), oneLine(r.Why)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "makers that rest: " + strings.Join(parts, "; ")
}
