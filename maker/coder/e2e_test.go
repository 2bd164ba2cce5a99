//go:build unix

package coder_test

import (
	"maps"
	"os"
	"testing"
	"time"

	"codeagent.dev/agent/maker/coder/codertest"
	"codeagent.dev/agent/maker/model/modeltest"
	"codeagent.dev/agent/proc"
)

// TestRealAgents drives real agents against a model server until they have edited.
func TestRealAgents(t *testing.T) {
	bin := codertest.Installed(t)
	url := modeltest.Serve(t, codertest.RedButtons)
	for _, name := range codertest.RealAgents {
		t.Run(name, func(t *testing.T) {
			task, log := shop(t)
			env := map[string]string{"PATH": bin + ":" + os.Getenv("PATH"), "HOME": t.TempDir()}
			maps.Copy(env, codertest.Keys(bin, url))
			task.Env = proc.Env(env)
			task.Time, task.Idle = 3*time.Minute, 2*time.Minute
			report, err := codertest.Real(t, name).Run(t.Context(), task)
			if err != nil || read(t, task.Dir, "style.css") != red {
				t.Errorf("%v\n%+v\n%s", err, report, log)
			}
			t.Logf("%+v\n%s", report, log)
		})
	}
}
