package monitor

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"codeagent.dev/agent"
)

func TestTheFormLeavesVariantsToTheSettings(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		var drafts []Draft
		cfg.Act.NewJob = func(_ context.Context, d Draft) (agent.Job, error) {
			drafts = append(drafts, d)
			return agent.Job{ID: 9}, nil
		}
		see(t, cfg, "nfix it<ctrl+s>")
		if len(drafts) != 1 || drafts[0].Variants != 0 || drafts[0].Tries != 0 {
			t.Errorf("drafts: %+v", drafts)
		}
	})
}

func TestEscCancelsASubmissionAndKeepsTheText(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.NoColor = true
		hang, submit := true, cfg.Act.NewJob
		cfg.Act.NewJob = func(ctx context.Context, d Draft) (agent.Job, error) {
			if hang {
				hang = false
				<-ctx.Done()
				return agent.Job{}, ctx.Err()
			}
			return submit(ctx, d)
		}
		st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
		defer st.close()
		must(t, st.settle())
		for _, key := range keys("nfix it<ctrl+s>") {
			must(t, st.press(key))
		}
		wants(t, st.model.screen(), "submitting", "esc cancel")
		must(t, st.press("esc"))
		wants(t, st.model.screen(), "new job", "fix it", "submitting was canceled")
		must(t, st.press("ctrl+s"))
		wants(t, st.model.screen(), "job 9 waits for a worker")
	})
}

func TestAnEditorThatEndsBadlyLosesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	term := newTerminal(t)
	w := newWorld(t)
	id := w.submit(agent.Spec{Text: "something"})
	cfg := w.config()
	cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
	cfg.Act.Editor = func(file string) *exec.Cmd {
		return exec.Command("sh", "-c", "printf 'a long text' >> "+file+"; exit 3")
	}
	ended := make(chan error, 1)
	go func() { ended <- Run(t.Context(), cfg) }()
	term.until(t, "something")
	term.write("e")
	term.until(t, "job 1 stays as it was")
	term.write("nfirst \x05")
	term.until(t, "first a long text")
	term.until(t, "the editor: exit status 3; what was written is kept in")
	term.write("\x03")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	term.text()
	files, err := os.ReadDir(os.TempDir())
	must(t, err)
	var kept []string
	for _, f := range files {
		text, err := os.ReadFile(os.TempDir() + "/" + f.Name())
		must(t, err)
		kept = append(kept, string(text))
	}
	if got := strings.Join(kept, ", "); len(kept) != 2 || !strings.Contains(got, "first a long text") || !strings.Contains(got, "somethinga long text") {
		t.Errorf("kept: %q", kept)
	}
	if job, err := w.Job(t.Context(), id); err != nil || job.Spec.Text != "something" {
		t.Errorf("the job was edited: %q %v", job.Spec.Text, err)
	}
}
