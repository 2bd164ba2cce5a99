package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// ruleOptions is for the commands that change the queue's rules.
type ruleOptions struct {
	*app
	rule agent.RuleChange
	json bool
}

type rulesDoc struct {
	header
	Rules agent.Rules `json:"rules"`
}

// apply changes one rule and says what is so now.
func (o *ruleOptions) apply(ctx context.Context, said string) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	o.rule.By = o.user()
	rules, err := jobs.Rule(ctx, o.rule)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(rulesDoc{docHeader, rules})
	}
	fmt.Fprintln(o.out, said)
	return nil
}

func newPauseCmd(a *app) *cobra.Command {
	o := &ruleOptions{app: a, rule: agent.RuleChange{Op: agent.RulePause}}
	cmd := &cobra.Command{
		Use:   "pause [WHY]",
		Short: "Let no job begin until resume",
		Long: `Let no job begin until "agent resume", or none of one group. What runs goes on. A pause
outlasts restarts, and each job that waits for its end says who paused and why.`,
		Example: "  agent pause 'release under way'\n  agent pause --group nightly",
		Args:    args(0, 1, "WHY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.rule.Why = args[0]
			}
			return o.apply(cmd.Context(), o.what()+" paused; go on with: "+o.resume())
		},
	}
	return o.grouped(cmd)
}

func newResumeCmd(a *app) *cobra.Command {
	o := &ruleOptions{app: a, rule: agent.RuleChange{Op: agent.RuleResume}}
	return o.grouped(&cobra.Command{
		Use:     "resume",
		Short:   "End a pause",
		Long:    `End the pause of everything, or that of one group.`,
		Example: "  agent resume\n  agent resume --group nightly",
		Args:    args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.apply(cmd.Context(), o.what()+" resumed")
		},
	})
}

func (o *ruleOptions) what() string {
	if o.rule.Group != "" {
		return "group " + o.rule.Group
	}
	return "queue"
}

func (o *ruleOptions) resume() string {
	if o.rule.Group != "" {
		return "agent resume --group " + o.rule.Group
	}
	return "agent resume"
}

func (o *ruleOptions) grouped(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVarP(&o.rule.Group, "group", "g", "", "only this `group`")
	completeWith(cmd, "group", o.completeGroups)
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func newParallelCmd(a *app) *cobra.Command {
	o := &ruleOptions{app: a}
	perRepo := false
	cmd := &cobra.Command{
		Use:   "parallel [N]",
		Short: "Say how many variants run at once",
		Long: `Say how many variants run at once: of all, of a group, or of each repository. It holds
at once and outlasts restarts; what runs is not stopped. 0 takes a limit away: of all
variants, as many run as the setting "workers" says. Without N the limits are shown.`,
		Example: `  agent parallel 4
  agent parallel 1 --group nightly
  agent parallel 2 --per-repository`,
		Args: args(0, 1, "N"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) == 0 {
				return runGroupList(cmd.Context(), a, o.json)
			}
			if o.rule.Limit, err = strconv.Atoi(args[0]); err != nil {
				return usageError(cmd, fmt.Errorf("%q is no number", args[0]))
			}
			what := "variants"
			switch {
			case perRepo:
				o.rule.Op, what = agent.RulePerRepo, "variants of each repository"
			case o.rule.Group != "":
				return o.limitGroup(cmd.Context())
			default:
				o.rule.Op = agent.RuleParallel
			}
			said := fmt.Sprintf("at most %d %s run at once", o.rule.Limit, what)
			if o.rule.Limit == 0 {
				said = "no limit on " + what
			}
			return o.apply(cmd.Context(), said)
		},
	}
	cmd.Flags().BoolVar(&perRepo, "per-repository", false, "of each repository")
	o.grouped(cmd)
	exclusive(cmd, "group", "per-repository")
	return cmd
}

// limitGroup changes a group that is there; a misspelt name must not make one.
func (o *ruleOptions) limitGroup(ctx context.Context) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	rules, err := jobs.Rules(ctx)
	if err != nil {
		return err
	}
	if _, ok := rules.Group(o.rule.Group); !ok {
		return agent.NoGroup(o.rule.Group)
	}
	o.rule.Op = agent.RuleGroup
	return o.apply(ctx, groupSaid(o.rule))
}

func groupSaid(r agent.RuleChange) string {
	if r.Limit == 0 {
		return "group " + r.Group + ": no limit of its own"
	}
	return fmt.Sprintf("group %s: at most %d at once", r.Group, r.Limit)
}

func newGroupCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "group",
		Short:   "Parts of the queue with limits of their own",
		Long:    `Groups are parts of the queue, each with a limit of its own and a pause of its own.`,
		Example: "  agent group add web -j 2\n  agent patch \"...\" --group web\n  agent group list",
	}
	return parent(cmd, newGroupAddCmd(a), newGroupListCmd(a), newGroupRemoveCmd(a))
}

func newGroupAddCmd(a *app) *cobra.Command {
	o := &ruleOptions{app: a, rule: agent.RuleChange{Op: agent.RuleGroup}}
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Make a group, or change its limit",
		Long:    `Make a group, or change the limit of one that is there.`,
		Example: "  agent group add web -j 2",
		Args:    args(1, 1, "the group's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.rule.Group = args[0]
			return o.apply(cmd.Context(), groupSaid(o.rule))
		},
	}
	cmd.Flags().IntVarP(&o.rule.Limit, "jobs", "j", 1, "at most so `many` variants at once; 0: no limit of its own")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func newGroupRemoveCmd(a *app) *cobra.Command {
	o := &ruleOptions{app: a, rule: agent.RuleChange{Op: agent.RuleUngroup}}
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Forget a group that no waiting job is in",
		Long:    `Forget a group. It is refused while jobs of the group are not done.`,
		Example: "  agent group remove web",
		Args:    args(1, 1, "the group's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.rule.Group = args[0]
			return o.apply(cmd.Context(), "group "+args[0]+" removed")
		},
		ValidArgsFunction: a.completeGroups,
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func newGroupListCmd(a *app) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show groups, limits and pauses",
		Long:    `Show the groups with what runs and waits in them, the limits, and the pauses.`,
		Example: "  agent group list --json | jq '.rules.groups[] | select(.waiting > 0)'",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGroupList(cmd.Context(), a, asJSON) },
	}
	addJSON(cmd, &asJSON)
	return exits(cmd, talking)
}

func runGroupList(ctx context.Context, a *app, asJSON bool) error {
	jobs, err := a.jobs(ctx)
	if err != nil {
		return err
	}
	rules, err := jobs.Rules(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(rulesDoc{docHeader, rules})
	}
	t := tui.Table{Head: []string{"GROUP", "RUNNING", "LIMIT", "WAITING", "STATE"}}
	t.Add("(all)", strconv.Itoa(rules.Running), limitCell(rules.Parallel), "", pauseCell(rules.Pause))
	for _, g := range rules.Groups {
		t.Add(oneLine(g.Name), strconv.Itoa(g.Running), limitCell(g.Limit), strconv.Itoa(g.Waiting), pauseCell(g.Pause))
	}
	if err := t.Write(a.out, a.style(), a.width()); err != nil {
		return err
	}
	if rules.PerRepo > 0 {
		a.say("of each repository at most %d run at once", rules.PerRepo)
	}
	return nil
}

func limitCell(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func pauseCell(p *agent.Pause) string {
	if p == nil {
		return "open"
	}
	w := agent.Waiting{For: agent.WaitResume, By: p.By, Why: p.Why}
	return w.String()
}

// completeGroups completes the names of groups. It never starts a daemon.
func (a *app) completeGroups(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, stop := a.completing(cmd.Context())
	defer stop()
	jobs, err := a.jobs(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	rules, err := jobs.Rules(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, g := range rules.Groups {
		names = append(names, g.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
