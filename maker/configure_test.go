package maker_test

import (
	"sync"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

// A set that is configured anew knows other makers at once, also while it is asked.
func TestConfigure(t *testing.T) {
	one := maker.Config{Providers: []model.Provider{{Name: "a", Protocol: "openai", URL: "http://127.0.0.1:1"}}, Agents: []coder.Agent{{Name: "x", Kind: coder.Command}}}
	two := maker.Config{Providers: []model.Provider{{Name: "b", Protocol: "openai", URL: "http://127.0.0.1:1"}}}
	set := maker.NewSet(one)
	defer set.Close()
	knows := func(name string) bool {
		_, err := set.For(agent.Spec{Kind: agent.Prompt, Makers: []string{name}}, 1)
		return err == nil
	}
	if !knows("a/m") || !knows("x") || knows("b/m") {
		t.Error("the first configuration does not hold")
	}
	set.Configure(two)
	if knows("a/m") || knows("x") || !knows("b/m") {
		t.Error("the second configuration does not hold")
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				knows("x")
				knows("a/m")
			}
		})
	}
	for i := range 200 {
		set.Configure([]maker.Config{one, two}[i%2])
	}
	group.Wait()
}
