package agent

import (
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a Spec. They keep one hostile request from filling the store.
const (
	MaxText     = 64 << 20 // bytes of Spec.Text
	MaxVariants = 32
	MaxTries    = 16
	MaxChecks   = 32
	maxShort    = 4 << 10  // bytes of a name, path or key
	maxEnv      = 64 << 10 // bytes of Env together
)

// Spec is what is asked for. Submit freezes it: the base is a full commit id by then,
// and the checks are those of the base commit or of the request. Afterwards only the
// changes of a waiting job (edit, hold, release, priority, switch, start) touch it.
type Spec struct {
	Kind  Kind   `json:"kind"`
	Title string `json:"title"` // one line for lists; made from Text when empty

	// Text is the words, the patch or the command line, by Kind, byte for byte. It
	// travels and is stored apart from the rest, because it can be large and need
	// not be valid UTF-8; lists leave it empty.
	Text string `json:"-"`

	Repo   string   `json:"repo"`             // absolute path of a work tree or a git directory
	Base   string   `json:"base"`             // a revision when asked, a full commit id once accepted
	Makers []string `json:"makers,omitempty"` // who may make a Prompt's patch, in order of preference

	// From is a full commit id: what the makers are given in the place of Base, because
	// something was done to it already that belongs to the result, such as a comment
	// taken out. The result is one commit on Base all the same. Empty: Base.
	From string `json:"from,omitempty"`

	Spread   bool `json:"spread,omitempty"` // the variants take the makers in turn, instead of all the first that can
	Variants int  `json:"variants"`         // how many results are wanted, made side by side
	Tries    int  `json:"tries"`            // how often a maker may correct itself, in each variant

	// Until says when a job has enough: see the constants. Empty means UntilAll.
	Until Until `json:"until,omitempty"`

	// Like names an earlier variant whose maker was shown what the makers of this job
	// are to be shown. Zero: it is chosen for the words.
	Like Ref `json:"like,omitzero"`

	Checks   []Check `json:"checks,omitempty"`
	NoChecks bool    `json:"no_checks,omitempty"` // run none, whatever the repository configures
	Limits   Limits  `json:"limits"`
	Author   string  `json:"author,omitempty"` // "Name <mail>"; empty: who git says the user is

	// Env is the environment of the maker's and the checks' commands, all of it: the
	// submitter's own, cut down to the configured allow-list.
	Env map[string]string `json:"env,omitempty"`

	// When its turn comes. Of the jobs that may begin the highest Priority is first,
	// then the repository that has fewest running and was served longest ago, then the
	// oldest job.
	Priority  int       `json:"priority,omitempty"`  // -MaxPriority to MaxPriority
	Group     string    `json:"group,omitempty"`     // whose limit counts as well; empty: DefaultGroup
	Labels    []string  `json:"labels,omitempty"`    // for finding it again; each once, in the order given
	Hold      bool      `json:"hold,omitempty"`      // waits until it is released
	NotBefore time.Time `json:"not_before,omitzero"` // waits until then

	// After names jobs that must have a good result first. The result of the first of
	// them that is of the same repository is what this job starts from: see Job.Start.
	After []ID `json:"after,omitempty"`

	Origin Origin `json:"origin"`
	Key    string `json:"key,omitempty"` // a second Submit with the same Key returns the first job
}

// Until says when a job has enough.
type Until string

const (
	UntilAll      Until = "all"      // every variant is carried to its end
	UntilVerified Until = "verified" // the first verified variant stops the others
)

// Check is one command that must exit 0 on a result.
type Check struct {
	Name string   `json:"name"`           // unique in its Spec
	Run  string   `json:"run"`            // a shell command line
	Dir  string   `json:"dir,omitempty"`  // where, below the root of the tree; slash-separated
	Time Duration `json:"time,omitempty"` // limit; 0: Limits.Check
}

// Limits end what takes too much. Zero means the daemon's configured default.
//
// A variant that goes beyond Files, Lines, Tokens or MicroUSD ends NeedsApproval with
// the numbers; one that leaves Paths is Refused.
type Limits struct {
	Make   Duration `json:"make,omitempty"`   // one run of a maker
	Check  Duration `json:"check,omitempty"`  // one run of a check
	Output int64    `json:"output,omitempty"` // bytes one command may print
	Paths  []string `json:"paths,omitempty"`  // the patch may touch only these files and directories

	Files    int      `json:"files,omitempty"`     // changed files beyond which a person decides; 0: no limit
	Lines    int      `json:"lines,omitempty"`     // added and removed lines together, likewise
	Tokens   int64    `json:"tokens,omitempty"`    // input and output tokens of all tries of one variant
	MicroUSD int64    `json:"micro_usd,omitempty"` // cost of all tries of one variant, millionths of a US dollar
	Idle     Duration `json:"idle,omitempty"`      // silence of a coding agent or of a model's stream
}

// Origin says who asked, and from where.
type Origin struct {
	Via  string `json:"via,omitempty"`  // cli, hook, watch, webhook, mcp
	User string `json:"user,omitempty"` // login name
}

// Duration is a time.Duration that is "1m30s" in JSON and text.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// Std returns d as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// IsCommitID reports whether s is a full, lower-case object id, SHA-1 or SHA-256.
func IsCommitID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// Validate sets the defaults of what is left empty (Title, Variants, Tries, check
// names) and returns an Invalid error for the first thing that makes no sense.
// Stores call it; it needs a resolved Base.
func (s *Spec) Validate() error {
	s.fill()
	switch {
	case s.Kind != Prompt && s.Kind != Diff && s.Kind != Command:
		return Errorf(Invalid, "unknown kind of job %q", s.Kind)
	case strings.TrimSpace(s.Text) == "":
		return Errorf(Invalid, "the %s is empty", s.Kind)
	case len(s.Text) > MaxText:
		return Errorf(Invalid, "the %s is %d MiB long; the limit is %d MiB", s.Kind, len(s.Text)>>20, MaxText>>20)
	case s.Repo == "":
		return Errorf(Invalid, "no repository named")
	case !IsCommitID(s.Base):
		return Errorf(Invalid, "base %q is no full commit id", s.Base)
	case s.From != "" && !IsCommitID(s.From):
		return Errorf(Invalid, "%q, which the makers should go on from, is no full commit id", s.From)
	case s.Variants < 1 || s.Variants > MaxVariants:
		return Errorf(Invalid, "%d variants asked for; 1 to %d are possible", s.Variants, MaxVariants)
	case s.Tries < 1 || s.Tries > MaxTries:
		return Errorf(Invalid, "%d tries asked for; 1 to %d are possible", s.Tries, MaxTries)
	case s.NoChecks && len(s.Checks) > 0:
		return Errorf(Invalid, "checks are named and switched off at once")
	case len(s.Checks) > MaxChecks:
		return Errorf(Invalid, "%d checks named; at most %d are possible", len(s.Checks), MaxChecks)
	case s.Until != "" && s.Until != UntilAll && s.Until != UntilVerified:
		return Errorf(Invalid, "a job can go on until %s or %s, not %q", UntilAll, UntilVerified, s.Until)
	case s.Limits.Files < 0 || s.Limits.Lines < 0 || s.Limits.Tokens < 0 || s.Limits.MicroUSD < 0 || s.Limits.Idle < 0:
		return Errorf(Invalid, "a limit is negative")
	case s.Limits.Make < 0 || s.Limits.Check < 0 || s.Limits.Output < 0:
		return Errorf(Invalid, "a limit is negative")
	}
	if err := s.validateChecks(); err != nil {
		return err
	}
	if err := s.validatePlace(); err != nil {
		return err
	}
	return s.validateSizes()
}

func (s *Spec) fill() {
	if s.Title == "" {
		s.Title = titleOf(s.Kind, s.Text)
	}
	if s.Variants == 0 {
		s.Variants = 1
	}
	if s.Tries == 0 {
		s.Tries = 1
	}
	for i := range s.Checks {
		if s.Checks[i].Name == "" {
			s.Checks[i].Name = firstLine(s.Checks[i].Run)
		}
	}
}

func (s *Spec) validateChecks() error {
	seen := map[string]bool{}
	for _, c := range s.Checks {
		switch {
		case strings.TrimSpace(c.Run) == "":
			return Errorf(Invalid, "check %q has no command", c.Name)
		case seen[c.Name]:
			return Errorf(Invalid, "two checks are named %q", c.Name)
		case c.Time < 0:
			return Errorf(Invalid, "check %q has a negative time limit", c.Name)
		case c.Dir != "" && !inside(c.Dir):
			return Errorf(Invalid, "check %q runs in %q, which is outside the repository", c.Name, c.Dir)
		}
		seen[c.Name] = true
	}
	for _, p := range s.Limits.Paths {
		if !inside(p) {
			return Errorf(Invalid, "path limit %q is outside the repository", p)
		}
	}
	return nil
}

func (s *Spec) validateSizes() error {
	short := append([]string{s.Title, s.Repo, s.Author, s.Key, s.Origin.Via, s.Origin.User}, s.Makers...)
	for _, c := range s.Checks {
		short = append(short, c.Name, c.Run, c.Dir)
	}
	short = append(short, s.Labels...)
	for _, v := range append(short, s.Limits.Paths...) {
		if len(v) > maxShort {
			return Errorf(Invalid, "%.40q… is %d bytes long; the limit is %d", v, len(v), maxShort)
		}
	}
	env := 0
	for k, v := range s.Env {
		env += len(k) + len(v)
	}
	if env > maxEnv {
		return Errorf(Invalid, "the environment is %d KiB large; the limit is %d KiB", env>>10, maxEnv>>10)
	}
	return nil
}

// Allows reports whether Limits.Paths lets a patch touch the file p (slash-separated,
// from the root of the tree). A named directory allows everything below it.
func (l Limits) Allows(p string) bool {
	if len(l.Paths) == 0 {
		return true
	}
	for _, allowed := range l.Paths {
		allowed = path.Clean(allowed)
		if allowed == "." || p == allowed || strings.HasPrefix(p, allowed+"/") {
			return true
		}
	}
	return false
}

// inside reports whether the slash-separated path p stays below the root of a tree.
func inside(p string) bool {
	c := path.Clean(strings.ReplaceAll(p, `\`, "/"))
	return !path.IsAbs(c) && c != ".." && !strings.HasPrefix(c, "../")
}

const titleRunes = 72

func titleOf(kind Kind, text string) string {
	if kind == Diff {
		return diffTitle(text)
	}
	return firstLine(text)
}

// diffTitle names the first file a patch touches, without parsing it.
func diffTitle(text string) string {
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "+++ "); ok && !strings.HasPrefix(name, "/dev/null") {
			return firstLine("patch to " + strings.TrimPrefix(strings.TrimSpace(name), "b/"))
		}
	}
	return "patch"
}

// firstLine returns the first line that is not blank, cut to what a list can show.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		cut := line[:min(len(line), 8*titleRunes)] // long enough whatever it holds, short enough to be cheap
		line = strings.Join(strings.Fields(strings.ToValidUTF8(cut, "?")), " ")
		if utf8.RuneCountInString(line) > titleRunes {
			return string([]rune(line)[:titleRunes-1]) + "…"
		}
		return line
	}
	return ""
}
