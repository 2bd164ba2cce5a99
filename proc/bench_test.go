//go:build unix

package proc_test

import (
	"os/exec"
	"testing"

	"codeagent.dev/agent/proc"
)

// BenchmarkTrue compares a guarded command with a plain one. The guard here is the
// test binary; that of the product has more to initialise.
func BenchmarkTrue(b *testing.B) {
	b.Run("guarded", func(b *testing.B) {
		for b.Loop() {
			if _, err := proc.Run(b.Context(), proc.Cmd{Argv: []string{"/bin/true"}, Dir: "/"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
