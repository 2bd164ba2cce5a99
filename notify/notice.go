package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"codeagent.dev/agent"
)

// Notice is what a person is told: one event of a repository or a group, of one job or of many that
// ended within seconds. Its JSON is what commands and web addresses get.
type Notice struct {
	ID     string         `json:"id"` // the same when it is told again
	Event  Event          `json:"event"`
	Title  string         `json:"title"`           // one line
	Text   string         `json:"text"`            // one line more; may be empty
	Repo   string         `json:"repo,omitempty"`  // "": of a group, whose jobs may be of several
	Group  string         `json:"group,omitempty"` // of a batch
	Time   time.Time      `json:"time"`
	Count  int            `json:"count"`          // of jobs
	Counts map[string]int `json:"counts"`         // of jobs, by verdict
	Jobs   []Job          `json:"jobs,omitempty"` // the newest 50
}

// Job is what a notice says of one job.
type Job struct {
	ID      agent.ID      `json:"id"`
	Verdict agent.Verdict `json:"verdict"`
	Reason  string        `json:"reason,omitempty"`
	Title   string        `json:"title"`
	Variant int           `json:"variant,omitempty"` // the best one
	Commit  string        `json:"commit,omitempty"`  // of the best variant
	Ended   time.Time     `json:"ended"`
}

const (
	maxListed = 50
	maxLine   = 200 // runes of a title or a text
)

// heap is what can have nothing left to do: a group that jobs were given, or what was
// asked of a repository without naming one.
type heap struct{ repo, group string }

func heapOf(job agent.Job) heap {
	if g := job.Spec.Group; g != "" && g != agent.DefaultGroup {
		return heap{group: g}
	}
	return heap{repo: job.Spec.Repo}
}

// batch is what ended together, or in a heap since it last had nothing to do.
type batch struct {
	counts map[string]int
	jobs   []Job
}

func (b *batch) add(job agent.Job) {
	if b.counts == nil {
		b.counts = map[string]int{}
	}
	b.counts[string(job.Verdict)]++
	j := Job{ID: job.ID, Verdict: job.Verdict, Reason: line(job.Reason), Title: line(job.Spec.Title), Variant: job.Proposed, Ended: job.Ended}
	if v, ok := job.Variant(job.Proposed); ok {
		j.Commit = v.Commit
	}
	b.jobs = append(b.jobs, j)
	if over := len(b.jobs) - maxListed; over > 0 {
		b.jobs = b.jobs[over:]
	}
}

func (b *batch) count() (n int) {
	for _, of := range b.counts {
		n += of
	}
	return n
}

// needsPerson tells the two kinds of ends apart.
func needsPerson(v agent.Verdict) bool { return v == agent.NeedsInput || v == agent.NeedsApproval }

// notices makes of jobs that ended what is to be told.
func (n *Notifier) notices(ctx context.Context, ended []agent.Job) (all []Notice) {
	done, asks := map[heap]*batch{}, map[heap]*batch{}
	touched := map[heap]*batch{}
	for _, job := range ended {
		kind, repo := done, heap{repo: job.Spec.Repo}
		if needsPerson(job.Verdict) {
			kind = asks
		}
		addTo(kind, repo, job)
		h := heapOf(job)
		addTo(n.batches, h, job)
		touched[h] = n.batches[h]
	}
	add := func(e Event, of map[heap]*batch) {
		if n.on(e) {
			for _, h := range sorted(of) {
				all = append(all, newNotice(e, h, *of[h]))
			}
		}
	}
	add(NeedsInput, asks)
	add(JobDone, done)
	for h, b := range touched {
		if idle, err := n.idle(ctx, h); err != nil || !idle {
			delete(touched, h)
			continue
		}
		delete(n.batches, h)
		if b.count() == 1 && n.heard(*b) {
			delete(touched, h)
		}
	}
	add(BatchDone, touched)
	return all
}

func addTo(all map[heap]*batch, h heap, job agent.Job) {
	if all[h] == nil {
		all[h] = &batch{}
	}
	all[h].add(job)
}

func sorted(of map[heap]*batch) []heap {
	return slices.SortedFunc(maps.Keys(of), func(a, b heap) int {
		return cmp.Or(strings.Compare(a.group, b.group), strings.Compare(a.repo, b.repo))
	})
}

// heard reports whether the one job of a batch was told of by itself.
func (n *Notifier) heard(b batch) bool {
	if needsPerson(b.jobs[0].Verdict) {
		return n.on(NeedsInput)
	}
	return n.on(JobDone)
}

// idle reports whether a heap has nothing left to do.
func (n *Notifier) idle(ctx context.Context, h heap) (bool, error) {
	f := agent.Filter{Repo: h.repo, Groups: []string{cmp.Or(h.group, agent.DefaultGroup)}, States: []agent.State{agent.Queued, agent.Running}, Limit: 1}
	open, err := n.cfg.Jobs.List(ctx, f)
	return len(open) == 0, err
}

func newNotice(e Event, h heap, b batch) Notice {
	n := Notice{Event: e, Repo: h.repo, Group: h.group, Count: b.count(), Counts: b.counts, Jobs: b.jobs}
	sum := sha256.New()
	fmt.Fprintln(sum, e, h, n.Count)
	for _, j := range b.jobs {
		fmt.Fprintln(sum, j.ID, j.Ended.UnixNano())
		if j.Ended.After(n.Time) {
			n.Time = j.Ended
		}
	}
	n.ID = hex.EncodeToString(sum.Sum(nil)[:16])
	where := line(filepath.Base(h.repo))
	if h.group != "" {
		where = "group " + line(h.group)
	}
	n.Title, n.Text = n.words(where)
	return n
}

// words are the lines for a person.
func (n Notice) words(where string) (title, text string) {
	if n.Count == 1 {
		j := n.Jobs[0]
		title = fmt.Sprintf("%s: job %s %s", where, j.ID, spoken(j.Verdict))
		text = j.Title
		if needsPerson(j.Verdict) {
			text = cmp.Or(j.Reason, j.Title)
		}
		return title, text
	}
	switch n.Event {
	case NeedsInput:
		title = fmt.Sprintf("%s: %d jobs need you", where, n.Count)
	case BatchDone:
		title = fmt.Sprintf("%s: all %d jobs are done", where, n.Count)
	default:
		title = fmt.Sprintf("%s: %d jobs are done", where, n.Count)
	}
	return title, n.tally()
}

// tally is "10 verified, 2 checks failed", the largest number first.
func (n Notice) tally() string {
	verdicts := slices.Sorted(maps.Keys(n.Counts))
	slices.SortStableFunc(verdicts, func(a, b string) int { return n.Counts[b] - n.Counts[a] })
	var parts []string
	for _, v := range verdicts {
		parts = append(parts, strconv.Itoa(n.Counts[v])+" "+spoken(agent.Verdict(v)))
	}
	return strings.Join(parts, ", ")
}

func spoken(v agent.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

// line is a text on one line, without what could steer a terminal, and not too long.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxLine {
		return string(r[:maxLine-1]) + "…"
	}
	return text
}

// Env is the notice as variables, "AGENT_EVENT=job.done". Those of a single job are there
// when it is of one job.
func (n Notice) Env() []string {
	ids := make([]string, len(n.Jobs))
	for i, j := range n.Jobs {
		ids[i] = j.ID.String()
	}
	env := []string{
		"AGENT_EVENT=" + string(n.Event), "AGENT_TITLE=" + n.Title, "AGENT_TEXT=" + n.Text, "AGENT_REPO=" + n.Repo, "AGENT_GROUP=" + n.Group,
		"AGENT_COUNT=" + strconv.Itoa(n.Count), "AGENT_JOBS=" + strings.Join(ids, " "),
	}
	if n.Count == 1 {
		j := n.Jobs[0]
		env = append(env, "AGENT_JOB="+j.ID.String(), "AGENT_VERDICT="+string(j.Verdict), "AGENT_REASON="+j.Reason, "AGENT_COMMIT="+j.Commit)
	}
	return env
}

// Example is a notice that tells of nothing, for trying out.
func Example(e Event, now time.Time) Notice {
	job := agent.Job{ID: 1, Verdict: agent.Verified, Ended: now, Spec: agent.Spec{Title: "this is a test", Repo: "test"}}
	if e == NeedsInput {
		job.Verdict, job.Reason = agent.NeedsInput, "this is a test"
	}
	var b batch
	b.add(job)
	if e == BatchDone {
		job.ID = 2
		b.add(job)
	}
	return newNotice(e, heap{repo: job.Spec.Repo}, b)
}
