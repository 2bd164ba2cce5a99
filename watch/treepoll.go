package watch

import (
	"os"
	"path"
	"time"
)

// poll looks at the directories that have no watch, and tries to give them one.
func (t *Tree) poll() {
	begun := time.Now()
	full := t.watcher == nil
	t.pollNode(".", t.top, &full)
	t.pollFor = time.Since(begun)
	// A tenth of the time at most goes into looking.
	t.pollAt = time.Now().Add(max(pollAfter, 10*t.pollFor))
}

func (t *Tree) pollNode(rel string, n *node, full *bool) {
	if n.files != nil {
		t.look(rel, n, t.touch)
		if !*full {
			if err := t.watcher.Add(t.abs(rel)); err != nil {
				*full = true
			} else {
				t.look(rel, n, t.touch) // what changed between the look and the watch
				n.files, n.on = nil, true
				t.polled--
				t.watched++
			}
		}
	}
	for name, child := range n.below {
		t.pollNode(path.Join(rel, name), child, full)
	}
}

// look notes the state of the files directly in a directory, and tells what differs
// from the last time.
func (t *Tree) look(rel string, n *node, tell func(string)) {
	entries, err := os.ReadDir(t.abs(rel))
	if err != nil {
		return // gone: the directory above shows it
	}
	now := make(map[string]stamp, len(entries))
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		if e.Name() == ".git" {
			continue
		}
		if e.IsDir() {
			now[e.Name()] = stamp{size: -1}
			if n.files[e.Name()].size != -1 && tell != nil {
				t.appeared(name)
			}
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		now[e.Name()] = stamp{info.Size(), changedAt(info)}
		if before, known := n.files[e.Name()]; tell != nil && (!known || before != now[e.Name()]) {
			tell(name)
		}
	}
	for name := range n.files {
		if _, there := now[name]; !there && tell != nil {
			t.drop(path.Join(rel, name))
			tell(path.Join(rel, name))
		}
	}
	n.files = now
}
