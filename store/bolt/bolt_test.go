package bolt_test

import (
	"path/filepath"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
	"codeagent.dev/agent/store/storetest"
)

func open(t *testing.T) (agent.Jobs, agent.Queue) {
	s := openAt(t, filepath.Join(t.TempDir(), "agent.db"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, s
}

func openAt(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLaw(t *testing.T) { storetest.Run(t, open) }

func TestLawReal(t *testing.T) { storetest.RunReal(t, open) }
