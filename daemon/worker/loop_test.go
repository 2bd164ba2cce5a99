package worker_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

// mind is a server of OpenAI's protocol whose answers a test decides.
type mind struct {
	mu     sync.Mutex
	heard  []string // what was sent, whole
	answer func(turn int, said string) string
}

func (m *mind) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Messages []struct{ Content any }
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, _ := json.Marshal(req.Messages)
	m.mu.Lock()
	m.heard = append(m.heard, string(text))
	answer := m.answer(len(m.heard), fmt.Sprint(req.Messages[len(req.Messages)-1].Content))
	m.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	piece, _ := json.Marshal(answer)
	fmt.Fprintf(w, "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", piece)
	fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
	fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10}}\n\ndata: [DONE]\n\n")
}

func (m *mind) said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.heard)
}

// withMakers gives the bench a model test/m that answers, an address where nobody is
// (dead/m), and agents.
func (b *bench) withMakers(answer func(turn int, said string) string, agents ...coder.Agent) *mind {
	m := &mind{answer: answer}
	server := httptest.NewServer(m)
	b.Cleanup(server.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	b.config.Makers = maker.NewSet(maker.Config{
		Providers: []model.Provider{
			{Name: "test", Protocol: model.OpenAI, URL: server.URL + "/v1"},
			{Name: "dead", Protocol: model.OpenAI, URL: gone.URL + "/v1"},
		},
		Prices: map[string]model.Price{"test/m": {Input: 10, Output: 100}},
		Agents: agents,
	})
	b.worker = worker.New(b.config)
	b.Cleanup(b.config.Makers.Close)
	return m
}

// block is a search and replace block for a.txt.
func block(old, new string) string {
	return "a.txt\n```\n<<<<<<< SEARCH\n" + old + "\n=======\n" + new + "\n>>>>>>> REPLACE\n```\n"
}

func words(text string) agent.Spec {
	return agent.Spec{Kind: agent.Prompt, Text: text, Makers: []string{"test/m"}, Tries: 3}
}

func verdictsOf(v agent.Variant) (all []agent.Verdict) {
	for _, a := range v.Attempts {
		all = append(all, a.Verdict)
	}
	return all
}

// An answer that does not apply, and one whose check fails, go back with what was wrong;
// the next goes on from what was made, and the result is one commit on the base.
func TestModelCorrectsItself(t *testing.T) {
	b := newBench(t, 1)
	b.write(".env", "PASSWORD=hunter2hunter2\n")
	b.git("add", "-A")
	b.git("commit", "-qm", "a secret")
	b.base = b.git("rev-parse", "HEAD")
	m := b.withMakers(func(turn int, said string) string {
		return []string{block("zwei", "2"), "I try.\n\n" + block("two", "TWO"), block("one", "ONE")}[turn-1]
	})
	b.work()
	spec := words("shout in a.txt")
	spec.Checks = []agent.Check{check("c", "grep ONE a.txt && grep TWO a.txt")}
	job, events := b.done(b.submit(spec))
	v := job.Variants[0]
	if diff := cmp.Diff([]agent.Verdict{agent.Conflict, agent.ChecksFailed, agent.Verified}, verdictsOf(v)); diff != "" || job.Verdict != agent.Verified {
		t.Fatalf("%s (%s), attempts (-want +got):\n%s", job.Verdict, job.Reason, diff)
	}
	if got := b.show(job, "show", v.Commit+":a.txt"); got != "ONE\nTWO\nthree" {
		t.Errorf("a.txt is %q", got)
	}
	if parent := b.show(job, "rev-parse", v.Commit+"^"); parent != b.base {
		t.Errorf("its parent is %s, want %s", parent, b.base)
	}
	if want := (agent.Usage{Requests: 3, Input: 300, Output: 30, MicroUSD: 6000}); v.Usage != want {
		t.Errorf("usage %+v, want %+v", v.Usage, want)
	}
	heard := m.said()
	for i, part := range []string{"shout in a.txt", "zwei", `Check \"c\" failed`} {
		if !strings.Contains(heard[i], part) {
			t.Errorf("request %d lacks %q: %s", i+1, part, heard[i])
		}
	}
	if strings.Contains(strings.Join(heard, ""), "hunter2") {
		t.Error("a secret was sent")
	}
	count := map[agent.EventType]int{}
	for _, e := range events {
		count[e.Type]++
	}
	if count[agent.EventPrompt] != 3 || count[agent.EventAnswer] != 3 || count[agent.EventContext] != 1 {
		t.Errorf("kept %d prompts, %d answers, %d contexts", count[agent.EventPrompt], count[agent.EventAnswer], count[agent.EventContext])
	}
	r := b.config.Makers.Ledger().Records()[0]
	if r.Answers != 3 || r.Unfit != 1 || r.Repaired != 2 || r.Verified != 1 {
		t.Errorf("remembered %+v", r)
	}
}

// A later try that is worse does not replace an earlier result.
func TestTheBestTryCounts(t *testing.T) {
	b := newBench(t, 1)
	b.withMakers(func(turn int, said string) string {
		return []string{block("two", "TWO"), block("TWO", "two\nextra"), "I give up."}[turn-1]
	})
	b.work()
	spec := words("shout")
	spec.Checks = []agent.Check{check("a", "grep TWO a.txt"), check("b", "grep FOUR a.txt")}
	job := b.do(spec)
	v := job.Variants[0]
	if got := b.show(job, "show", fmt.Sprintf("refs/agent/%d/1:a.txt", job.ID)); job.Verdict != agent.ChecksFailed || got != "one\nTWO\nthree" {
		t.Errorf("%s: the reference holds %q; attempts %v", job.Verdict, got, verdictsOf(v))
	}
}

// A question ends the variant; the answer goes on with the conversation, and so does a
// remark on the result.
func TestQuestionAnswerAndRemark(t *testing.T) {
	b := newBench(t, 1)
	m := b.withMakers(func(turn int, said string) string {
		return []string{"QUESTION: louder or softer?", block("two", "TWO"), block("TWO", "TWO!")}[turn-1]
	})
	b.work()
	id := b.submit(words("change two"))
	job, _ := b.done(id)
	if job.Verdict != agent.NeedsInput || job.Variants[0].Said != "louder or softer?" {
		t.Fatalf("%s: %q", job.Verdict, job.Variants[0].Said)
	}
	revise := func(text string) agent.Job {
		t.Helper()
		if _, err := b.store.Change(t.Context(), id, agent.Change{Op: agent.OpRevise, Text: text}); err != nil {
			t.Fatal(err)
		}
		job, _ := b.done(id)
		return job
	}
	if job = revise("louder"); job.Verdict != agent.Unverified || job.Proposed != 2 {
		t.Fatalf("%s (%s), proposed %d", job.Verdict, job.Reason, job.Proposed)
	}
	if job = revise("with a mark"); job.Proposed != 3 || job.Variants[2].Revises != 2 {
		t.Fatalf("%s (%s), proposed %d", job.Verdict, job.Reason, job.Proposed)
	}
	if got := b.show(job, "show", job.Variants[2].Commit+":a.txt"); got != "one\nTWO!\nthree" {
		t.Errorf("a.txt is %q", got)
	}
	last := m.said()[2]
	for _, part := range []string{"change two", "louder or softer?", "A person answers:", "with a mark", `one\nTWO\nthree`} {
		if !strings.Contains(last, part) {
			t.Errorf("the last request lacks %q: %s", part, last)
		}
	}
}

// A maker that fails for its own reasons rests, and the next one is asked.
func TestTheNextMakerIsAsked(t *testing.T) {
	b := newBench(t, 1)
	b.withMakers(func(int, string) string { return block("two", "TWO") })
	b.work()
	spec := words("shout")
	spec.Makers = []string{"dead/m", "test/m"}
	job := b.do(spec)
	if v := job.Variants[0]; v.Maker != "test/m" || v.Verdict != agent.Unverified || len(v.Attempts) != 1 {
		t.Errorf("made by %q, %s, %d attempts", v.Maker, v.Verdict, len(v.Attempts))
	}
	if _, why, resting := b.config.Makers.Ledger().Resting("dead/m"); !resting || !strings.Contains(why, "unreachable") {
		t.Errorf("dead/m rests: %v, %q", resting, why)
	}
	// A job for that one alone waits, while others go past it.
	if err := b.config.Makers.Ledger().Rest("dead/m", time.Hour, "as unreachable as before"); err != nil {
		t.Fatal(err)
	}
	only := spec
	only.Makers = []string{"dead/m"}
	id := b.submit(only)
	if job = b.do(spec); job.Verdict != agent.Unverified {
		t.Errorf("%s: %s", job.Verdict, job.Reason)
	}
	if job, err := b.store.Job(t.Context(), id); err != nil || job.State != agent.Queued {
		t.Errorf("%+v %v", job, err)
	}
	if w := b.config.Makers.Blocks(only.Makers); w == nil || w.For != agent.WaitMaker || w.What != "dead/m" || w.Until.IsZero() {
		t.Errorf("it waits for %v", w)
	}
	if err := b.config.Makers.Ledger().Wake(); err != nil {
		t.Fatal(err)
	}
	if job, _ = b.done(id); job.Verdict != agent.Failed || !strings.Contains(job.Reason, "unreachable") {
		t.Errorf("%s: %s", job.Verdict, job.Reason)
	}
}

// What goes beyond a limit says so with the numbers.
func TestLimitsNeedApproval(t *testing.T) {
	b := newBench(t, 1)
	b.withMakers(func(turn int, said string) string { return block("two", "TWO\nTOO") })
	b.work()
	spec := words("shout")
	spec.Limits.Lines, spec.Checks = 2, []agent.Check{check("c", "true")}
	job := b.do(spec)
	v := job.Variants[0]
	if job.Verdict != agent.NeedsApproval || v.Earned != agent.Verified || v.Commit == "" || v.Reason != "3 lines changed, 2 allowed" {
		t.Fatalf("%s, earned %s, commit %q: %s", job.Verdict, v.Earned, v.Commit, v.Reason)
	}
	job, err := b.store.Change(t.Context(), job.ID, agent.Change{Op: agent.OpApprove})
	if err != nil || job.Verdict != agent.Verified || job.Proposed != 1 {
		t.Errorf("approved: %s, %v", job.Verdict, err)
	}

	spec = words("shout")
	spec.Limits.Tokens, spec.Checks = 100, []agent.Check{check("c", "false")}
	job = b.do(spec)
	if got := len(job.Variants[0].Attempts); got != 1 || !strings.Contains(job.Reason, "110 tokens used, 100 allowed") {
		t.Errorf("%d attempts, %s: %s", got, job.Verdict, job.Reason)
	}
}

// A change that silences its test is green, and says that it is not with the base's.
func TestWeakenedTestsAreShown(t *testing.T) {
	b := newBench(t, 1)
	b.write("x_test.py", "def test_two():\n    assert 'two' in open('a.txt').read()\n")
	b.git("add", "-A")
	b.git("commit", "-qm", "a test")
	b.base = b.git("rev-parse", "HEAD")
	b.withMakers(func(int, string) string {
		return block("two", "2") + "\nx_test.py\n```\n<<<<<<< SEARCH\ndef test_two():\n=======\n@pytest.mark.skip\ndef test_two():\n>>>>>>> REPLACE\n```\n"
	})
	b.work()
	spec := words("use digits")
	spec.Checks = []agent.Check{check("c", "grep -q skip x_test.py || grep two a.txt")}
	job := b.do(spec)
	tests := job.Variants[0].Tests
	if job.Verdict != agent.Verified || tests == nil || tests.OnBase != agent.ChecksFailed || len(tests.Findings) == 0 || !tests.Findings[0].Warning {
		t.Fatalf("%s (%s): %+v", job.Verdict, job.Reason, tests)
	}
	if !strings.Contains(job.Reason, "fails with the base's") {
		t.Errorf("the reason is %q", job.Reason)
	}
}

// Variants whose changes differ in blanks only are one.
func TestSameChangesAreMerged(t *testing.T) {
	b := newBench(t, 1)
	b.withMakers(func(turn int, said string) string {
		return block("two", []string{"TWO words", "TWO  words", "2"}[turn-1])
	})
	b.work()
	spec := words("shout")
	spec.Variants = 3
	job := b.do(spec)
	var same []int
	for _, v := range job.Variants {
		same = append(same, v.SameAs)
	}
	if !slices.Equal(same, []int{0, 1, 0}) {
		t.Errorf("same as %v", same)
	}
}

// A coding agent edits a check-out; what it says decides nothing, and what it commits
// by itself is found all the same.
func TestAgentEdits(t *testing.T) {
	b := newBench(t, 1)
	sh := func(name, script string) coder.Agent {
		return coder.Agent{Name: name, Kind: coder.Command, Argv: []string{"sh", "-c", script, "{prompt}"}}
	}
	b.withMakers(nil,
		sh("good", `printf '%s' "$0" | grep -q shout && echo TWO >b.txt && git add -A && git -c user.name=a -c user.email=b commit -qm mine`),
		sh("idle", "echo all done"), sh("asks", "echo 'Which of the two?'"), sh("bad", "echo x >b.txt; exit 3"))
	b.work()
	for name, want := range map[string]agent.Verdict{
		"good": agent.Unverified, "idle": agent.NoPatch, "asks": agent.NeedsInput, "bad": agent.Failed, "none": agent.Failed,
	} {
		spec := words("shout")
		spec.Makers, spec.Tries = []string{name}, 1
		job := b.do(spec)
		if job.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", name, job.Verdict, job.Reason, want)
		}
	}
}

// Another maker is shown what an earlier one was shown.
func TestShownTheSame(t *testing.T) {
	b := newBench(t, 1)
	m := b.withMakers(func(int, string) string { return block("two", "TWO") })
	b.work()
	first := b.do(words("shout"))
	spec := words("shout")
	spec.Like = agent.Ref{Job: first.ID, Variant: 1}
	if job := b.do(spec); job.Verdict != agent.Unverified || m.said()[0] != m.said()[1] {
		t.Errorf("%s (%s); sent\n%s\nand then\n%s", job.Verdict, job.Reason, m.said()[0], m.said()[1])
	}
	spec.Like = agent.Ref{Job: 99, Variant: 1}
	if job := b.do(spec); job.Verdict != agent.Failed || !strings.Contains(job.Reason, "99") {
		t.Errorf("%s (%s)", job.Verdict, job.Reason)
	}
}
