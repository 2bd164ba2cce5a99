//go:build unix

package api

import (
	"io/fs"
	"os"
	"syscall"

	"codeagent.dev/agent"
)

// checkOwner refuses a directory in which somebody else could replace our files.
func checkOwner(dir string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return agent.Errorf(agent.Internal, "the directory %s belongs to user %d, not to %d", dir, st.Uid, os.Geteuid()).
			WithHint("set AGENT_STATE_DIR to a directory of yours")
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return agent.Errorf(agent.Internal, "others may write to the directory %s (mode %#o)", dir, perm).
			WithHint("chmod 700 " + dir)
	}
	return nil
}
