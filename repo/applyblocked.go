package repo

import (
	"fmt"
	"strings"
)

// Obstacle is one file that keeps a delivery, or its undoing, from happening.
type Obstacle struct {
	Path string // slash-separated, from the top of the work tree
	Why  string // "changed locally"
}

// ObstacleError lists all files that are in the way. An error of code Blocked wraps
// it; nothing has been touched.
type ObstacleError struct{ Files []Obstacle }

// shownObstacles is how many files the one line of an error names.
const shownObstacles = 10

func (e *ObstacleError) Error() string {
	var b strings.Builder
	if len(e.Files) == 1 {
		b.WriteString("1 file is in the way: ")
	} else {
		fmt.Fprintf(&b, "%d files are in the way: ", len(e.Files))
	}
	for i, file := range e.Files {
		if i == shownObstacles {
			fmt.Fprintf(&b, " and %d more", len(e.Files)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%s)", showPath(file.Path), file.Why)
	}
	return b.String()
}

// showPath quotes a path that would spoil a line or a terminal.
func showPath(path string) string {
	if quoted := fmt.Sprintf("%q", path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}
