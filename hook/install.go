package hook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/spool"
)

// Done is what was done to one hook, in words for a person.
type Done struct {
	Hook string `json:"hook"`
	Path string `json:"path"`
	What string `json:"what"`           // "installed", "chained", "upgraded", "removed", "as it was", "left alone"
	Note string `json:"note,omitempty"` // what to know about it
}

// Install installs all hooks, brings older ones up to date, and makes the repository
// known to the daemon. What is committed up to now counts as seen. Nothing is written
// if one of the hooks cannot be installed.
//
// A hook that git tracks is left alone: others have it, too.
//
// WrongState: somebody wrote into our lines (force takes them for ours all the same), or
// a newer version of this program installed them.
func (p Place) Install(ctx context.Context, opt Options, force bool) ([]Done, error) {
	if p.Off {
		return nil, agent.Errorf(agent.WrongState, "git runs no hooks here: core.hooksPath of the %s configuration switches them off", p.Scope).
			WithHint("git config --" + p.Scope + " --unset core.hooksPath")
	}
	var plans []plan
	for _, name := range Names() {
		pl, err := p.plan(ctx, name, opt, force)
		if err != nil {
			return nil, err
		}
		plans = append(plans, pl)
	}
	if err := os.MkdirAll(spool.Dir(opt.State), 0o700); err != nil {
		return nil, err
	}
	book := spool.BookOf(opt.State, p.Common)
	before, _, err := book.Known()
	if err != nil {
		return nil, err
	}
	if before.HooksDir != "" && before.HooksDir != p.Dir { // core.hooksPath has changed: git runs none of those any more
		if _, err := p.clear(opt, before.HooksDir, force); err != nil {
			return nil, err
		}
	}
	made := before.MadeDir && before.HooksDir == p.Dir
	if _, err := os.Stat(p.Dir); errors.Is(err, fs.ErrNotExist) {
		made = true
		if err := os.MkdirAll(p.Dir, 0o755); err != nil {
			return nil, err
		}
	}
	known := spool.Known{Common: p.Common, HooksDir: p.Dir, MadeDir: made, Since: time.Now().UTC()}
	if err := book.Know(known); err != nil {
		return nil, err
	}
	var done []Done
	hidden := p.visible(ctx, plans)
	for _, pl := range plans {
		if err := pl.carryOut(); err != nil {
			return done, agent.Errorf(agent.Internal, "hook %s: %w", pl.done.Hook, err).WithHint("agent hook uninstall")
		}
		done = append(done, pl.done)
	}
	return done, p.exclude(hidden)
}

// plan is what will be done to one hook's file.
type plan struct {
	done Done
	text string // of the file, "" when nothing is written
	mode fs.FileMode
	move string // where what stands there is kept first
	left bool   // it is not ours to write
}

// shells are the first lines of scripts that our lines can stand in.
var shells = regexp.MustCompile(`^#! ?/[^ \n]*(/| +|/env +(-S +)?)(sh|bash|dash|ash|ksh|mksh|zsh|busybox sh)( [^\n\r]*)?$`)

func (p Place) plan(ctx context.Context, name string, opt Options, force bool) (plan, error) {
	file := filepath.Join(p.Dir, name)
	pl := plan{done: Done{Hook: name, Path: file, What: "installed"}, mode: 0o755}
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		k := kindFile
		if exists(filepath.Join(p.Dir, chainedDir, name)) { // an installation was cut off behind the move
			k, pl.done.What, pl.done.Note = kindChain, "chained", keptNote(name)
		}
		pl.text = shebang + block(name, k, opt)
		return pl, nil
	}
	if err != nil {
		return pl, err
	}
	data, err := os.ReadFile(file)
	if err != nil && info.Mode()&fs.ModeSymlink == 0 {
		return pl, err
	}
	pl.mode = info.Mode().Perm()
	if s, ours := split(string(data)); ours {
		return pl.upgrade(s, name, opt, force)
	}
	if p.tracked(ctx, file) {
		pl.left, pl.done.What = true, "left alone"
		pl.done.Note = fmt.Sprintf(`git tracks it, others have it, too; to have it tell agent, write into it: %s`, CallLine(name))
		return pl, nil
	}
	pl.done.What = "chained"
	first, rest, whole := strings.Cut(string(data), "\n")
	if info.Mode().IsRegular() && info.Mode()&0o100 != 0 && whole && shells.MatchString(first) {
		pl.text = first + "\n" + block(name, kindBlock, opt) + rest
		return pl, nil
	}
	pl.mode = 0o755
	pl.move = filepath.Join(p.Dir, chainedDir, name)
	pl.done.Note = keptNote(name)
	if exists(pl.move) {
		return pl, agent.Errorf(agent.WrongState, "%s cannot be kept: %s exists already", file, pl.move).
			WithHint("look at both, and remove one of them")
	}
	pl.text = shebang + block(name, kindChain, opt)
	return pl, nil
}

func keptNote(name string) string {
	return "what was there is " + filepath.Join(chainedDir, name) + ", and runs at the end"
}

// exists reports whether there is something by this name, be it a link that leads nowhere.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// upgrade puts the lines of today in the place of those that are there.
func (pl plan) upgrade(s script, name string, opt Options, force bool) (plan, error) {
	switch {
	case s.version > version:
		return pl, agent.Errorf(agent.WrongState, "%s was installed by a newer version of agent", pl.done.Path).WithHint("agent version; install the newer one")
	case s.edited() && !force:
		return pl, edited(pl.done.Path)
	case s.kind == "":
		s.kind = kindBlock
	}
	now := block(name, s.kind, opt)
	if pl.done.What = "as it was"; now != s.block {
		pl.text, pl.done.What = s.before+now+s.after, "upgraded"
	}
	return pl, nil
}

func edited(path string) error {
	return agent.Errorf(agent.WrongState, "somebody wrote into our lines in %s", path).
		WithHint("move what is yours out of them, or give it up with --force")
}

// carryOut writes what was planned. If it fails, what was moved is back where it was.
func (pl plan) carryOut() error {
	if pl.text == "" {
		return nil
	}
	if pl.move == "" {
		return replace(pl.done.Path, []byte(pl.text), pl.mode)
	}
	if err := os.MkdirAll(filepath.Dir(pl.move), 0o755); err != nil {
		return err
	}
	if err := moveFile(pl.done.Path, pl.move, "..", ""); err != nil {
		return err
	}
	err := replace(pl.done.Path, []byte(pl.text), pl.mode)
	if err != nil {
		err = errors.Join(err, moveFile(pl.move, pl.done.Path, "", "../"))
		_ = os.Remove(filepath.Dir(pl.move)) // if it is empty
	}
	return err
}

// moveFile renames a file over what may stand there. A relative symbolic link is made
// anew, so that it leads where it led: with add before its target, or cut from it.
func moveFile(from, to, add, cut string) error {
	target, err := os.Readlink(from)
	if err != nil || filepath.IsAbs(target) {
		return os.Rename(from, to)
	}
	if add != "" {
		target = add + "/" + target
	}
	link := from + ".agent-new" // a link cannot be made over a file
	if err := os.Symlink(strings.TrimPrefix(target, cut), link); err != nil {
		return err
	}
	if err := os.Rename(link, to); err != nil {
		return errors.Join(err, os.Remove(link))
	}
	return os.Remove(from)
}

// replace writes a file whole or not at all.
func replace(file string, text []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".agent-new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
