package watch

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"codeagent.dev/agent"
)

// limitError says which of the system's limits keeps a tree from being watched, and
// how to raise it.
func limitError(root string, err error) error {
	const polled = "; what cannot be watched is looked at every few seconds instead"
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return agent.Errorf(agent.Unavailable, "no inotify watches are left for %s (fs.inotify.max_user_watches is %s)"+polled, root, sysctl("max_user_watches")).
			WithHint("sudo sysctl fs.inotify.max_user_watches=1048576    (a file in /etc/sysctl.d with that line makes it last)")
	case errors.Is(err, syscall.EMFILE):
		return agent.Errorf(agent.Unavailable, "no inotify instance is left for %s (fs.inotify.max_user_instances is %s), or too many files are open"+polled, root, sysctl("max_user_instances")).
			WithHint("sudo sysctl fs.inotify.max_user_instances=1024    (a file in /etc/sysctl.d with that line makes it last); ulimit -n")
	}
	return agent.Errorf(agent.Unavailable, "cannot watch %s: %w"+polled, root, err)
}

func sysctl(name string) string {
	value, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(value))
}

// changedAt is when a file's content, name or attributes changed: a file that was moved
// here with an old time of modification is new all the same.
func changedAt(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return info.ModTime()
}
