package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Place is what a queue has to know of a job to say when its variants' turn comes.
type Place struct {
	ID        ID
	Repo      string
	Group     string // never empty
	Makers    string // joined by NUL; empty: the configured ones, or none needed
	Priority  int
	Order     int64
	Created   time.Time
	NotBefore time.Time
	Hold, Now bool
	After     string // the jobs it still waits for; empty: none
	Queued    uint32 // bit n-1: variant n waits and may be claimed
	Running   int    // variants under a lease
}

// PlaceOf returns the place of a job.
func PlaceOf(j *Job) Place {
	p := Place{
		ID: j.ID, Repo: j.Spec.Repo, Group: cmp.Or(j.Spec.Group, DefaultGroup), Priority: j.Spec.Priority,
		Order: j.place(), Created: j.Created, NotBefore: j.Spec.NotBefore, Hold: j.Spec.Hold, Now: j.Now,
	}
	if j.Spec.Kind == Prompt {
		p.Makers = strings.Join(j.Spec.Makers, "\x00")
	} else {
		p.Makers = noMaker
	}
	if len(j.Spec.After) > 0 && j.Start == "" {
		p.After = idList(j.Spec.After)
	}
	p.Queued = QueuedOf(j)
	for _, v := range j.Variants {
		if v.State == Running {
			p.Running++
		}
	}
	return p
}

// QueuedOf is Place.Queued of a job: its queued variants but for those that go on from
// one that is not done.
func QueuedOf(j *Job) (bits uint32) {
	for _, v := range j.Variants {
		if from, ok := j.Variant(v.Revises); v.State == Queued && (!ok || from.State == Done) {
			bits |= 1 << (v.Number - 1)
		}
	}
	return bits
}

// noMaker is Place.Makers of a job that needs none to be asked.
const noMaker = "\x00"

func idList(ids []ID) string {
	var names []string
	for _, id := range ids {
		names = append(names, id.String())
	}
	return strings.Join(names, ", ")
}

// place is the job's place among those of equal priority.
func (j *Job) place() int64 { return cmp.Or(j.Order, int64(j.ID)) }

// Load is how much of what runs.
type Load struct {
	All    int
	Repos  map[string]int
	Groups map[string]int
}

// Blocks returns why no variant of p may begin now, and nil when one may. It does not
// look at makers, which are not the store's to know.
func (r *Rules) Blocks(p *Place, load *Load, now time.Time) *Waiting {
	if p.After != "" {
		return &Waiting{For: WaitParents, What: p.After}
	}
	if p.Now {
		return nil
	}
	if p.Hold {
		return &Waiting{For: WaitRelease}
	}
	if p.NotBefore.After(now) {
		return &Waiting{For: WaitTime, Until: p.NotBefore}
	}
	return r.blocksAll(p.Repo, p.Group, load)
}

// blocksAll is the part of Blocks that jobs of one repository and group share.
func (r *Rules) blocksAll(repo, group string, load *Load) *Waiting {
	if r.Pause != nil {
		return &Waiting{For: WaitResume, By: r.Pause.By, Why: r.Pause.Why}
	}
	g, ok := r.Group(group)
	if ok && g.Pause != nil {
		return &Waiting{For: WaitResume, What: g.Name, By: g.Pause.By, Why: g.Pause.Why}
	}
	if ok && g.Limit > 0 && load.Groups[g.Name] >= g.Limit {
		return &Waiting{For: WaitGroup, What: g.Name, Have: load.Groups[g.Name], Limit: g.Limit}
	}
	if r.PerRepo > 0 && load.Repos[repo] >= r.PerRepo {
		return &Waiting{For: WaitRepo, What: repo, Have: load.Repos[repo], Limit: r.PerRepo}
	}
	if r.Parallel > 0 && load.All >= r.Parallel {
		return &Waiting{For: WaitParallel, Have: load.All, Limit: r.Parallel}
	}
	return nil
}

// Wants reports whether the claim may have variants of a job at p, as far as it is the
// claim's to say.
func (c *Claim) Wants(p *Place) bool { return (p.Now || !c.Now) && c.passes(p.Makers) }

// passes reports whether the claim may have jobs with these makers.
func (c *Claim) passes(makers string) bool {
	if makers == noMaker || len(c.Without) == 0 {
		return true
	}
	for name := range strings.SplitSeq(makers, "\x00") {
		provider, _, _ := strings.Cut(name, "/")
		if !slices.Contains(c.Without, name) && !slices.Contains(c.Without, provider) {
			return true
		}
	}
	return false
}

// Variant is the lowest variant of p that waits; 0: none.
func (p *Place) Variant() int {
	for n := range MaxVariants {
		if p.Queued&(1<<n) != 0 {
			return n + 1
		}
	}
	return 0
}

// before orders jobs of one repository and group: who is told to start, then the
// higher priority, then the older.
func (p *Place) before(o *Place) int {
	return cmp.Or(-boolCompare(p.Now, o.Now), -cmp.Compare(p.Priority, o.Priority),
		cmp.Compare(p.Order, o.Order), cmp.Compare(p.ID, o.ID))
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Turns remembers which repository was served when, so that a burst of one does not
// keep the others waiting. The zero value is usable.
type Turns struct {
	served map[string]uint64
	last   uint64
}

// Serve notes that a variant of the repository was claimed, and returns the number of
// this turn.
func (t *Turns) Serve(repo string) uint64 {
	t.Recall(repo, t.last+1)
	return t.last
}

// Recall notes a turn that was served before.
func (t *Turns) Recall(repo string, turn uint64) {
	if t.served == nil {
		t.served = map[string]uint64{}
	}
	t.served[repo], t.last = turn, max(t.last, turn)
}

// Before orders jobs that may begin: at equal priority first the repository that has
// fewest running, and then the one that was served longest ago.
func (t *Turns) Before(p, o *Place, load *Load) int {
	if p.Repo == o.Repo {
		return p.before(o)
	}
	return cmp.Or(-boolCompare(p.Now, o.Now), -cmp.Compare(p.Priority, o.Priority),
		cmp.Compare(load.Repos[p.Repo], load.Repos[o.Repo]), cmp.Compare(t.served[p.Repo], t.served[o.Repo]),
		p.before(o))
}

// String is for tests and logs.
func (p *Place) String() string { return fmt.Sprintf("%s (%d, %d)", p.ID, p.Priority, p.Order) }
