package client_test

import (
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
	"codeagent.dev/agent/store/storetest"
)

// The client obeys every law of a store, with the gateway between them.
func TestLaw(t *testing.T) {
	storetest.RunReal(t, func(t *testing.T) (agent.Jobs, agent.Queue) {
		store := mem.New(mem.Options{})
		t.Cleanup(func() { store.Close() })
		s := serve(t, socketIn(t), store)
		return dial(t, s.socket), store
	})
}
