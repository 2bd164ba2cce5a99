//go:build unix

package worker_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/coder/codertest"
	"codeagent.dev/agent/maker/model/modeltest"
)

// A job in words is made by a real coding agent, as it is installed from npm, against a
// server of models that is none of ours, and ends as a verified commit.
func TestRealAgentsEndToEnd(t *testing.T) {
	bin := codertest.Installed(t)
	keys := codertest.Keys(bin, modeltest.Serve(t, codertest.RedButtons))
	for _, name := range codertest.RealAgents {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 1)
			b.write("style.css", "button { color: blue }\n")
			b.git("add", "-A")
			b.git("commit", "-qm", "style")
			b.base = b.git("rev-parse", "HEAD")
			real := codertest.Real(t, name)
			real.Env = slices.Concat(real.Env, slices.Collect(maps.Keys(keys)))
			b.config.Makers = maker.NewSet(maker.Config{
				Agents: []coder.Agent{real}, Path: func() string { return bin },
				Env: func(name string) (string, bool) { v, ok := keys[name]; return v, ok },
			})
			b.worker = worker.New(b.config)
			b.work()
			spec := words("make the buttons red")
			spec.Makers, spec.Checks = []string{name}, []agent.Check{check("red", "grep red style.css")}
			spec.Limits = agent.Limits{Make: agent.Duration(3 * time.Minute), Idle: agent.Duration(2 * time.Minute)}
			spec.Repo, spec.Base = b.repo, b.base
			spec.Env = map[string]string{"PATH": bin + ":" + os.Getenv("PATH"), "HOME": b.state}
			job, err := b.store.Submit(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			for e, err := range b.store.Events(t.Context(), job.ID, 0) {
				if err != nil {
					t.Fatal(err)
				}
				log.WriteString(e.Text + "\n")
			}
			if job, err = b.store.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
			if job.Verdict != agent.Verified || b.show(job, "show", job.Variants[0].Commit+":style.css") != "button { color: red }" {
				t.Errorf("%s (%s)\n%s", job.Verdict, job.Reason, log.String())
			}
		})
	}
}
