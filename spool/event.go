package spool

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// event is one thing that happened in a repository, whoever told of it.
type event struct {
	hook   string
	commit string // full id of what HEAD was then
	from   string // of post-merge and post-checkout: what HEAD was before; "" if it is not known
	onto   string // of a post-rewrite after a rebase: where it started; "" if it is not known
	branch string // "" when HEAD was detached
	at     time.Time
	found  bool // in the reflog, without a note

	message string // of the reflog: "commit (amend): subject"; "" when only a note tells
	amended string // of a commit that was amended: the one before

	unplaced bool // the branch is not known yet
}

// maxRewritten bounds how many commits of a rebase are looked at.
const maxRewritten = 1000

// zero reports whether a hook's argument says "no commit".
func zero(id string) bool { return strings.Trim(id, "0") == "" }

// look is what is known of one event while its jobs are made.
type look struct {
	event
	common  string // with hook, commit and entry, it makes the key
	repo    *repo.Repo
	about   repo.About
	rules   map[string][]config.HookRule
	changed []string // files
}

// specs are the jobs that an event asks for; skipped says why there are none.
//
// What is asked for stands in the .agent.yaml of the commit itself, which is, or was
// when the hook ran, checked out in the person's own work tree; no ref that was only
// fetched is ever read. A trailer counts only in a commit that was made here, and by its
// author: those of others, that a merge or a cherry-pick brings, ask for nothing. Whoever
// made a commit that is picked could write any author into it, so what git's reflog says
// counts, where there is one.
func (l *look) specs(ctx context.Context) (specs []agent.Spec, skipped string, err error) {
	if _, ours := trailers(l.about.Message, jobTrailer); ours {
		return nil, "agent made this commit", nil
	}
	if l.hook == postRewrite && l.onto != "" {
		specs, err = l.rebase(ctx)
	} else if l.changed, err = l.files(ctx); err == nil {
		specs = l.ruleSpecs(l.hook, func(config.HookRule) bool { return true })
	}
	if err != nil {
		return nil, "", err
	}
	own, err := l.trailerSpecs(ctx)
	if err != nil {
		return nil, "", err
	}
	specs = append(specs, own...)
	if len(specs) == 0 {
		skipped = nothingAsked
		if len(l.rules[l.hook]) > 0 {
			skipped = "no entry is for this branch and these files"
		}
	}
	return specs, skipped, nil
}

// trailerSpecs are the jobs that the commit's own trailers ask for: not those of a commit
// that was picked, nor those that an amended one had before.
func (l *look) trailerSpecs(ctx context.Context) (specs []agent.Spec, err error) {
	if l.hook != postCommit || l.about.Author != l.about.Committer || isPick.MatchString(l.message) {
		return nil, nil
	}
	asked, _ := trailers(l.about.Message, patchTrailer)
	var had []string
	if len(asked) > 0 && l.amended != "" {
		old, err := l.repo.About(ctx, l.amended)
		if agent.CodeOf(err) == agent.NotFound { // what it had is not known any more
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		had, _ = trailers(old.Message, patchTrailer)
	}
	for i, text := range asked {
		if !slices.Contains(had, text) {
			specs = append(specs, l.spec(config.HookRule{Patch: text}, postCommit, "trailer "+strconv.Itoa(i)))
		}
	}
	return specs, nil
}

const (
	postCommit  = "post-commit"
	postRewrite = "post-rewrite"

	// patchTrailer asks for a job: Agent-Patch: words.
	patchTrailer = "Agent-Patch"
	nothingAsked = "nothing is asked for"

	// jobTrailer stands in the commits that jobs make.
	jobTrailer = "Agent-Job"
)

// ruleSpecs are the jobs of one hook's entries for l.commit, of those that may.
func (l *look) ruleSpecs(hook string, may func(config.HookRule) bool) (specs []agent.Spec) {
	for i, r := range l.rules[hook] {
		if r.Require == "" && may(r) && r.On(l.branch) && r.Touches(l.changed) {
			specs = append(specs, l.spec(r, hook, strconv.Itoa(i)))
		}
	}
	return specs
}

// files are what the event changed.
func (l *look) files(ctx context.Context) ([]string, error) {
	from := l.from
	if from == "" && len(l.about.Parents) > 0 {
		from = l.about.Parents[0]
	}
	return l.repo.Changed(ctx, from, l.commit)
}

// Bounds of what a maker is told of a commit. It stands in the result's message, too.
const (
	maxNamed   = 40
	maxMessage = 2 << 10
)

// spec is the job of one entry.
func (l *look) spec(r config.HookRule, hook, index string) agent.Spec {
	short := fmt.Sprintf("%.10s", l.commit)
	s := agent.Spec{
		Kind: agent.Prompt, Text: r.Patch, Repo: l.repo.Root(), Base: l.commit, Variants: r.Variants,
		Origin: agent.Origin{Via: "hook"}, Key: "hook:" + hash(l.common, hook, l.commit, index),
	}
	if r.Run != "" {
		s.Kind, s.Text = agent.Command, r.Run
		s.Env = map[string]string{"AGENT_HOOK": hook, "AGENT_COMMIT": l.commit}
	}
	title, _, _ := strings.Cut(strings.TrimSpace(s.Text), "\n")
	s.Title = strings.ToValidUTF8(title, "?") + " (" + hook + " " + short + ")"
	if s.Kind == agent.Prompt {
		s.Text = strings.TrimSpace(r.Patch) + "\n\n" + l.told(short)
	}
	return s
}

// told is what a maker must know of the commit besides the words: which one it is.
func (l *look) told(short string) string {
	var b strings.Builder
	message := strings.TrimSpace(strings.ToValidUTF8(l.about.Message, "?"))
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + " …"
	}
	fmt.Fprintf(&b, "The commit is %s, which is the newest one:\n\n", short)
	for line := range strings.SplitSeq(message, "\n") {
		b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
	}
	b.WriteString("\nIt changed:\n")
	for i, f := range l.changed {
		if i == maxNamed {
			fmt.Fprintf(&b, "and %d more\n", len(l.changed)-maxNamed)
			break
		}
		fmt.Fprintf(&b, "    %s\n", strings.ToValidUTF8(strings.Map(printable, f), "?"))
	}
	return b.String()
}

// printable keeps a file's name on its line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}

// rewritten is what became of a rebase: the commits from where it started to the last
// one, oldest first, by first parents. Without a start it is the last one alone.
func (l *look) rewritten(ctx context.Context) (commits []string, err error) {
	commits = []string{l.commit}
	if l.onto == "" {
		return commits, nil
	}
	for about := l.about; len(commits) < maxRewritten && len(about.Parents) > 0 && about.Parents[0] != l.onto; {
		next := about.Parents[0]
		if about, err = l.repo.About(ctx, next); err != nil {
			return nil, err
		}
		commits = append(commits, next)
	}
	slices.Reverse(commits)
	return commits, nil
}
