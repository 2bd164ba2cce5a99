package monitor

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
	"unique"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// row is what the list keeps of a job: what it shows, sorts and filters by. It is never
// changed; a job that changed gets a new one.
type row struct {
	id      agent.ID
	state   agent.State
	verdict agent.Verdict
	stands  string // symbol and words of the two
	title   string
	repo    string // its last element
	dir     string // the whole path, as the domain has it
	maker   string
	makers  string // of all variants, as listed has them
	group   string
	labels  string // as listed has them
	marks   string // one symbol a variant
	passed  int    // checks of the variant that counts, and how many there are
	checks  int
	size    agent.Stat
	micro   int64 // cost of all variants
	unknown bool  // part of the cost is not known
	created time.Time
	started time.Time // of the first variant that runs
	ended   time.Time
	events  uint64
	waits   string    // why it waits; empty: it does not, or nobody knows
	until   time.Time // when that ends by itself, if it does
	held    bool
	rank    int    // its priority
	says    string // lower-case words of the verdict
	path    string // dir in lower case
	hay     string // lower-case: what words of a filter are looked for in
}

func newRow(job *agent.Job, now time.Time) *row {
	r := &row{
		id: job.ID, state: job.State, verdict: job.Verdict, events: job.Events,
		title: tui.Line(job.Spec.Title), dir: shared(job.Spec.Repo), repo: shared(tui.Line(repoName(job.Spec.Repo))),
		created: job.Created, ended: job.Ended, marks: shared(marksOf(job.Variants)),
		stands: shared(tui.Style{}.Standing(job.State, job.Verdict)),
		rank:   job.Spec.Priority, held: job.Spec.Hold, group: shared(cmp.Or(job.Spec.Group, agent.DefaultGroup)),
		says: shared(tui.Words(job.Verdict)), path: shared(strings.ToLower(job.Spec.Repo)),
		labels: shared(listed(job.Spec.Labels)),
	}
	if job.Waiting != nil {
		r.waits, r.until = shared(tui.Waits(job.Waiting, now)), job.Waiting.Until
	}
	var makers []string
	for i := range job.Variants {
		v := &job.Variants[i]
		r.micro += v.Usage.MicroUSD
		r.unknown = r.unknown || v.Usage.Unpriced > 0
		if v.State == agent.Running && (r.started.IsZero() || v.Started.Before(r.started)) {
			r.started = v.Started
		}
		if v.Maker != "" && !slices.Contains(makers, v.Maker) {
			makers = append(makers, v.Maker)
		}
	}
	r.makers = shared(listed(makers))
	if len(job.Variants) > 0 {
		r.take(&job.Variants[standsFor(job)-1])
	}
	r.hay = strings.ToLower(r.title) + "\x00" + r.id.String()
	return r
}

// listed joins names so that each is found as "\x00name\x00", and its beginning without
// the second NUL.
func listed(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "\x00" + strings.ToLower(strings.Join(names, "\x00")) + "\x00"
}

// shared keeps one copy of a text that many rows have.
func shared(text string) string { return unique.Make(text).Value() }

// take fills in what one variant of a job says for all.
func (r *row) take(v *agent.Variant) {
	r.maker, r.size, r.checks = shared(tui.Line(v.Maker)), v.Stat, len(v.Checks)
	for _, c := range v.Checks {
		if c.Outcome.OK() {
			r.passed++
		}
	}
}

// standsFor is the number of the variant that a job's line tells of: the chosen one,
// else the best.
func standsFor(job *agent.Job) int {
	if n := job.Chosen(); n > 0 && n <= len(job.Variants) {
		return n
	}
	return agent.Rank(job.Variants)[0]
}

// repoName is what people call a repository.
func repoName(dir string) string {
	name := strings.TrimRight(strings.ReplaceAll(dir, `\`, "/"), "/")
	name = strings.TrimSuffix(name, "/.git")
	if name == "" {
		return dir
	}
	return path.Base(name)
}

// marksOf has one symbol for each variant, as tui.Style has them before the words.
func marksOf(vs []agent.Variant) string {
	var b strings.Builder
	for i := range vs {
		symbol, _, _ := strings.Cut(tui.Style{}.Standing(vs[i].State, vs[i].Verdict), " ")
		b.WriteString(symbol)
	}
	return b.String()
}

// age is the time that matters of a job: since it ended, runs, or was submitted.
func (r *row) age() time.Time {
	switch {
	case r.state == agent.Done:
		return r.ended
	case !r.started.IsZero():
		return r.started
	}
	return r.created
}
