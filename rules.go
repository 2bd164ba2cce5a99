package agent

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// DefaultGroup is where jobs are that name no group. It always exists.
const DefaultGroup = "default"

// MaxPriority bounds Spec.Priority on both sides of 0.
const MaxPriority = 1000

// Bounds of Rules.
const (
	MaxGroups   = 1000
	MaxParallel = 10_000
)

// Rules bound the queue as a whole. They are kept by the store and changed by people.
type Rules struct {
	Parallel int     `json:"parallel,omitempty"` // variants at once; 0: as many as workers take
	PerRepo  int     `json:"per_repo,omitempty"` // of one repository; 0: no limit of its own
	Pause    *Pause  `json:"pause,omitempty"`    // of everything
	Groups   []Group `json:"groups"`             // DefaultGroup first, then by name

	Running int `json:"running"` // variants under a lease, of all groups; found when asked
}

// Group is a part of the queue with a limit of its own.
type Group struct {
	Name    string `json:"name"`
	Limit   int    `json:"limit,omitempty"` // variants at once; 0: no limit of its own
	Pause   *Pause `json:"pause,omitempty"`
	Running int    `json:"running"` // variants under a lease; found when asked
	Waiting int    `json:"waiting"` // variants queued; found when asked
}

// Pause keeps what waits from beginning. What runs goes on.
type Pause struct {
	By  string    `json:"by,omitempty"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// RuleOp names what a RuleChange does.
type RuleOp string

const (
	RuleParallel RuleOp = "parallel" // set Rules.Parallel to Limit
	RulePerRepo  RuleOp = "per_repo" // set Rules.PerRepo to Limit
	RulePause    RuleOp = "pause"    // pause Group, or everything when it is empty
	RuleResume   RuleOp = "resume"   // end such a pause
	RuleGroup    RuleOp = "group"    // make Group if it is not there, with Limit
	RuleUngroup  RuleOp = "ungroup"  // forget Group; jobs that name it are bound by no group then
)

// RuleChange is one thing done to the rules by a person.
type RuleChange struct {
	Op    RuleOp `json:"op"`
	Group string `json:"group,omitempty"`
	Limit int    `json:"limit,omitempty"`
	By    string `json:"by,omitempty"`
	Why   string `json:"why,omitempty"`
}

// NewRules returns the rules of a store nobody has changed.
func NewRules() Rules { return Rules{Groups: []Group{{Name: DefaultGroup}}} }

// Group returns the group of that name; empty means DefaultGroup. ok is false when
// there is none.
func (r *Rules) Group(name string) (g *Group, ok bool) {
	name = cmp.Or(name, DefaultGroup)
	for i := range r.Groups {
		if r.Groups[i].Name == name {
			return &r.Groups[i], true
		}
	}
	return nil, false
}

// Clone returns a copy that shares nothing a change touches.
func (r *Rules) Clone() Rules {
	c := *r
	c.Groups = slices.Clone(r.Groups)
	return c
}

// Apply changes the rules as c says, or returns an error and leaves them alone. What is
// so already changes nothing. With waiting set, jobs that are not Done are in c.Group.
func (r *Rules) Apply(c RuleChange, waiting bool, now time.Time) error {
	if c.Limit < 0 || c.Limit > MaxParallel {
		return Errorf(Invalid, "a limit of %d is not within 0 and %d", c.Limit, MaxParallel)
	}
	for _, s := range []string{c.By, c.Why} {
		if len(s) > maxReason {
			return Errorf(Invalid, "%.40q… is %d bytes long; the limit is %d", s, len(s), maxReason)
		}
	}
	switch c.Op {
	case RuleParallel:
		r.Parallel = c.Limit
	case RulePerRepo:
		r.PerRepo = c.Limit
	case RulePause, RuleResume:
		return r.pause(c, now)
	case RuleGroup:
		return r.setGroup(c)
	case RuleUngroup:
		return r.ungroup(c, waiting)
	default:
		return Errorf(Invalid, "unknown rule %q", c.Op)
	}
	return nil
}

func (r *Rules) pause(c RuleChange, now time.Time) error {
	where := &r.Pause
	if c.Group != "" {
		g, ok := r.Group(c.Group)
		if !ok {
			return NoGroup(c.Group)
		}
		where = &g.Pause
	}
	switch {
	case c.Op == RuleResume:
		*where = nil
	case *where == nil || (*where).Why != oneLine(c.Why) || (*where).By != oneLine(c.By):
		*where = &Pause{By: oneLine(c.By), Why: oneLine(c.Why), At: stamp(now)}
	}
	return nil
}

func (r *Rules) setGroup(c RuleChange) error {
	if err := checkGroup(c.Group); err != nil {
		return err
	}
	if g, ok := r.Group(c.Group); ok {
		g.Limit = c.Limit
		return nil
	}
	if len(r.Groups) >= MaxGroups {
		return Errorf(Invalid, "there are %d groups, and no more are possible", MaxGroups)
	}
	r.Groups = append(slices.Clone(r.Groups), Group{Name: c.Group, Limit: c.Limit})
	slices.SortFunc(r.Groups[1:], func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

func (r *Rules) ungroup(c RuleChange, waiting bool) error {
	_, ok := r.Group(c.Group)
	switch {
	case c.Group == "" || c.Group == DefaultGroup:
		return Errorf(Invalid, "the group %s cannot be removed", DefaultGroup)
	case !ok:
		return NoGroup(c.Group)
	case waiting:
		return Errorf(WrongState, "jobs of group %s are not done", c.Group).WithHint("agent list group:" + c.Group)
	}
	r.Groups = slices.DeleteFunc(slices.Clone(r.Groups), func(g Group) bool { return g.Name == c.Group })
	return nil
}

// NoGroup is the error for a group that does not exist.
func NoGroup(name string) error {
	return Errorf(NotFound, "there is no group %q", name).WithHint("agent group add " + name)
}

// checkGroup returns an error for what is no name: it has to stand in a query and on a
// command line as it is.
func checkGroup(name string) error {
	word := strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == ""
	if name == "" || len(name) > 64 || !word || name[0] == '-' {
		return Errorf(Invalid, "%.80q is no name of a group", name).WithHint("letters, digits, - _ . / and at most 64 of them")
	}
	return nil
}

// validatePlace checks what says when a job's turn comes.
func (s *Spec) validatePlace() error {
	if s.Group == DefaultGroup {
		s.Group = ""
	}
	if s.Group != "" {
		if err := checkGroup(s.Group); err != nil {
			return err
		}
	}
	if s.Priority < -MaxPriority || s.Priority > MaxPriority {
		return Errorf(Invalid, "priority %d is not within -%d and %d", s.Priority, MaxPriority, MaxPriority)
	}
	if !s.NotBefore.IsZero() {
		if s.NotBefore = stamp(s.NotBefore); !storable(s.NotBefore) {
			return Errorf(Invalid, "no job can begin at %v", s.NotBefore)
		}
	}
	if len(s.After) > MaxVariants {
		return Errorf(Invalid, "it is to come after %d jobs; at most %d are possible", len(s.After), MaxVariants)
	}
	for i, id := range s.After {
		if id < 1 || slices.Contains(s.After[:i], id) {
			return Errorf(Invalid, "it is to come after job %s, which is no job or named twice", id)
		}
	}
	return s.validateLabels()
}

func (s *Spec) validateLabels() error {
	if len(s.Labels) > MaxVariants {
		return Errorf(Invalid, "%d labels named; at most %d are possible", len(s.Labels), MaxVariants)
	}
	var labels []string
	for _, l := range s.Labels {
		if l == "" || strings.ContainsAny(l, " \t\r\n\"',") || oneLine(l) != l {
			return Errorf(Invalid, "%.80q is no label", l).WithHint("one word, without commas and quotes")
		}
		if !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	s.Labels = labels
	return nil
}
