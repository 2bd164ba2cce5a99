package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

// place is what a person says of when a new job's turn comes.
type place struct {
	priority  int
	group     string
	labels    []string
	after     []string
	delay, at string
	hold      bool
}

func (p *place) flags(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVarP(&p.priority, "priority", "o", 0, "go before jobs of a lower `number`")
	f.StringVarP(&p.group, "group", "g", "", "count against the limit of this `group`: agent group list")
	f.StringSliceVarP(&p.labels, "label", "l", nil, "a `word` to find it by (repeatable)")
	f.StringSliceVarP(&p.after, "after", "a", nil, "start from the result of this `job`, once it has a good one (repeatable)")
	f.StringVarP(&p.delay, "delay", "d", "", "begin no sooner than in this `time`, as in 90m, 2h, 1d")
	f.StringVar(&p.at, "at", "", "begin no sooner than at this `time`, as in 22:30 or 2026-01-31 06:00")
	f.BoolVar(&p.hold, "hold", false, "begin once it is released: agent release ID")
	exclusive(cmd, "delay", "at")
	completeWith(cmd, "after", a.completeJobs(anyJob))
	completeWith(cmd, "group", a.completeGroups)
}

// fill puts it into the Spec.
func (p *place) fill(spec *agent.Spec, now time.Time) (err error) {
	spec.Priority, spec.Group, spec.Labels, spec.Hold = p.priority, p.group, p.labels, p.hold
	if spec.After, err = jobIDs(p.after); err != nil {
		return err
	}
	switch {
	case p.delay != "":
		wait, err := parseAge(strings.TrimPrefix(p.delay, "+"))
		if err != nil {
			return agent.Errorf(agent.Invalid, "--delay %s is no time", p.delay).WithHint("as in --delay 90m, 2h or 1d")
		}
		spec.NotBefore = now.Add(wait)
	case p.at != "":
		spec.NotBefore, err = parseAt(p.at, now)
	}
	return err
}

// parseAt reads a time of day, which is the next one, or a date with it, as the clock
// on the wall shows it where now is.
func parseAt(text string, now time.Time) (time.Time, error) {
	if t, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
		if !at.After(now) {
			at = time.Date(now.Year(), now.Month(), now.Day()+1, t.Hour(), t.Minute(), 0, 0, now.Location())
		}
		return at, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, agent.Errorf(agent.Invalid, "%.40q is no time to begin at", text).
		WithHint("as in --at 22:30, --at '2026-01-31 06:00', or 2026-01-31T06:00:00Z")
}
