//go:build !linux

package watch

import (
	"io/fs"
	"time"

	"codeagent.dev/agent"
)

// limitError says that a directory could not be watched.
func limitError(root string, err error) error {
	return agent.Errorf(agent.Unavailable, "cannot watch all of %s: %w; the rest is looked at every few seconds instead", root, err).
		WithHint("ulimit -n says how many files may be open; where it is low, raise it")
}

// changedAt is when a file's content changed.
func changedAt(info fs.FileInfo) time.Time { return info.ModTime() }
