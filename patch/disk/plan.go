package disk

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent/patch"
)

// plan is everything that a write does, and what it takes to put it back.
type plan struct {
	Root    raw    `json:"root"`
	Steps   []step `json:"steps"`
	NewDirs []raw  `json:"new_dirs,omitempty"` // that are to be made, from the top down
	OldDirs []dir  `json:"old_dirs,omitempty"` // above files to delete, which may go with them

	ours bool // this process makes the change, and knows what it has touched
}

// step is one path.
type step struct {
	Path raw   `json:"path"`
	From image `json:"from"`
	To   image `json:"to"`
	New  raw   `json:"new,omitempty"` // the temporary file with what will stand there
	Old  raw   `json:"old,omitempty"` // and the second name of the file that stood there

	data    []byte
	touched bool // replacing it was begun
}

type dir struct {
	Path raw         `json:"path"`
	Perm fs.FileMode `json:"perm"`
}

// The ends of the names of temporary files, which begin with a dot.
const (
	newSuffix = ".new~"
	oldSuffix = ".old~"
)

// plan works out what the writes come to, and touches nothing.
func (t *Tree) plan(writes []patch.Write) (*plan, error) {
	p := &plan{Root: raw(t.dir), ours: true}
	written, deleted := map[string]bool{}, map[string]bool{}
	for _, w := range writes {
		written[w.Path], deleted[w.Path] = !w.Delete, w.Delete
	}
	token := make([]byte, 4)
	if _, err := rand.Read(token); err != nil {
		return nil, err
	}
	for i, w := range writes {
		s := step{Path: raw(w.Path), data: w.Data}
		if t.own != "" && (w.Path == t.own || below(w.Path, t.own) || below(t.own, w.Path)) {
			return nil, fmt.Errorf("%s cannot be written: journals of changes lie there", shown(w.Path))
		}
		if above := linkAbove(t.root, w.Path); above != "" && !deleted[above] {
			return nil, &ChangedError{above, "replaced by a symbolic link"}
		}
		var err error
		if s.From, err = look(t.root, w.Path); err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", shown(w.Path), cause(err))
		}
		if how := t.since(w.Path, s.From); how != "" {
			return nil, &ChangedError{w.Path, how}
		}
		if s.From.Kind == other { // a directory that goes with the files in it
			s.From = image{Kind: absent}
		}
		if s.To = s.From.after(w); s.To == s.From {
			continue
		}
		name := path.Join(t.haven(w.Path, written), fmt.Sprintf(".agent-%s-%d", hex.EncodeToString(token), i))
		if s.To.Kind != absent {
			s.New = raw(name + newSuffix)
		}
		if s.From.Kind == regular {
			s.Old = raw(name + oldSuffix)
		}
		p.Steps = append(p.Steps, s)
	}
	return p, t.planDirs(p)
}

// after is the image that a write leaves where i stands. Of the permissions it changes
// what git would: the right to execute, for those who may read.
func (i image) after(w patch.Write) image {
	switch {
	case w.Delete:
		return image{Kind: absent}
	case w.Mode == patch.ModeLink:
		return image{Kind: link, Target: raw(w.Data)}
	case i.Kind != regular && w.Mode == patch.ModeExec:
		return image{Kind: regular, Perm: 0o777, AnyPerm: true, Sum: sumOf(w.Data)}
	case i.Kind != regular:
		return image{Kind: regular, Perm: 0o666, AnyPerm: true, Sum: sumOf(w.Data)}
	}
	perm := i.Perm
	switch isExec := perm&0o100 != 0; {
	case w.Mode == patch.ModeExec && !isExec:
		perm |= perm & 0o444 >> 2
	case w.Mode == patch.ModeFile && isExec:
		perm &^= 0o111
	}
	return image{Kind: regular, Perm: perm, Sum: sumOf(w.Data)}
}

// haven is the nearest directory above a path that is there and will be: none that has
// to make place for a file.
func (t *Tree) haven(name string, written map[string]bool) string {
	dirs := ancestors(name)
	for n, d := range dirs {
		info, err := t.root.Lstat(filepath.FromSlash(d))
		if err == nil && info.IsDir() && !slices.ContainsFunc(dirs[n:], func(d string) bool { return written[d] }) {
			return d
		}
	}
	return "."
}

// planDirs notes the directories that come and those that may go.
func (t *Tree) planDirs(p *plan) error {
	seen := map[string]bool{}
	for _, s := range p.Steps {
		above := ancestors(string(s.Path))
		slices.Reverse(above)
		for _, d := range above {
			if seen[d] {
				continue
			}
			info, err := t.root.Lstat(filepath.FromSlash(d))
			switch {
			case err == nil && info.IsDir() && s.To.Kind == absent:
				p.OldDirs = append(p.OldDirs, dir{raw(d), info.Mode().Perm()})
			case err == nil && !info.IsDir(), isAbsent(err):
				p.NewDirs = append(p.NewDirs, raw(d))
			case err != nil:
				return fmt.Errorf("%s cannot be read: %w", shown(d), cause(err))
			default:
				continue // another step may delete files in it
			}
			seen[d] = true
		}
	}
	return nil
}

// ancestors lists the directories above a path, the nearest first, without the root.
func ancestors(name string) []string {
	var dirs []string
	for d := path.Dir(name); d != "."; d = path.Dir(d) {
		dirs = append(dirs, d)
	}
	return dirs
}

// isDir reports whether a directory stands at the path, and no link to one.
func isDir(root *os.Root, name string) bool {
	info, err := root.Lstat(filepath.FromSlash(name))
	return err == nil && info.IsDir()
}

// below reports whether a path lies in a directory.
func below(name, dir string) bool { return strings.HasPrefix(name, dir+"/") }
