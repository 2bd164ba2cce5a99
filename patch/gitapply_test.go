package patch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// flags returns the options as flags of git apply.
func (o Options) flags() (flags []string) {
	s := o.Strict
	if s.Strip != 0 {
		flags = append(flags, fmt.Sprintf("-p%d", max(s.Strip, 0)))
	}
	if s.Context != 0 {
		flags = append(flags, fmt.Sprintf("-C%d", max(s.Context, 0)))
	}
	if s.Directory != "" {
		flags = append(flags, "--directory="+s.Directory)
	}
	for flag, on := range map[string]bool{"--unidiff-zero": s.ZeroContext, "--ignore-whitespace": s.IgnoreBlanks, "--allow-empty": s.AllowEmpty, "-R": o.Reverse} {
		if on {
			flags = append(flags, flag)
		}
	}
	return flags
}

// gitApply lets git apply a text to a tree that lies in a directory of its own.
func gitApply(t testing.TB, tree memTree, text []byte, opt Options) (memTree, error) {
	dir := t.TempDir()
	top := filepath.Join(dir, "tree")
	if err := os.Mkdir(top, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, f := range tree {
		name := filepath.Join(top, path)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil && f.mode == ModeLink {
			err = os.Symlink(string(f.data), name)
		} else if err == nil {
			err = os.WriteFile(name, f.data, fs.FileMode(f.mode&0o777))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("git", append([]string{"apply", "--whitespace=nowarn"}, opt.flags()...)...)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+dir, "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "LC_ALL=C")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git apply: %w: %s", err, out)
	}
	after := memTree{}
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		if d.Type() == fs.ModeSymlink {
			target, err := os.Readlink(name)
			after[filepath.ToSlash(path)] = memFile{ModeLink, []byte(target)}
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := memFile{mode: ModeFile}
		if info.Mode()&0o100 != 0 {
			f.mode = ModeExec
		}
		f.data, err = os.ReadFile(name)
		after[filepath.ToSlash(path)] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return after, nil
}

// agreement says how git apply and we took a text.
type agreement string

const (
	bothApply  agreement = "applied alike"
	bothRefuse agreement = "refused by both"
	stricter   agreement = "refused by us alone, for a reason"
	marked     agreement = "applied otherwise, by the mark of a line without a newline"
)

// wantAgreement applies a text by git's rules, here and with git itself. Both must refuse
// it or make the same of it, but for what strictReason and passing name.
func wantAgreement(t testing.TB, tree memTree, text []byte, opt Options) agreement {
	t.Helper()
	theirs, gitErr := gitApply(t, tree, text, opt)
	res, err := Apply(text, tree, opt)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s\nflags %v\ntree %+q\n%s", fmt.Sprintf(format, args...), opt.flags(), fmt.Sprint(tree), text)
	}
	switch {
	case gitErr != nil && err != nil:
		return bothRefuse
	case gitErr != nil:
		fail("git refuses, we accept: %v", gitErr)
	case err != nil && strictReason(err, text) == "":
		fail("git accepts, we refuse: %v", err)
	case err != nil:
		return stricter
	}
	ours := tree.with(res.Writes)
	for _, path := range passing(text, opt) {
		if _, ok := ours[path]; !ok {
			delete(theirs, path)
		}
	}
	switch {
	case ours.equal(theirs):
	case bytes.Contains(text, []byte("\n\\ ")):
		return marked // git takes such a line for the beginning of another one
	default:
		fail("git makes\n%+q\nand we\n%+q", fmt.Sprint(theirs), fmt.Sprint(ours))
	}
	return bothApply
}

// strictReason names why we refuse what git applies; empty if we have no reason.
func strictReason(err error, text []byte) string {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return ""
	}
	has := func(part string) bool { return strings.Contains(e.Reason, part) }
	switch {
	case e.Kind == Refused:
		return "paths and links that are not safe"
	case e.Kind == Unsupported, strings.Contains(e.Reason, "160000"):
		return "git makes an empty directory of a submodule"
	case e.Kind == TooLarge:
		return "bounds"
	case e.Kind == Malformed && (has("inary") || has("zlib") || has("base 85")):
		return "git drops damaged binary data, and applies the rest"
	case e.Kind == Malformed && (has("follows the mark") || has(`not with "\\"`)), e.Kind == Conflict && bytes.Contains(text, []byte("\n\\ ")):
		return "git joins a line without a newline with the one that follows"
	case has("above has nothing below it"):
		return "git applies a header to the file of a header above it"
	case e.Kind == Exists && has("without a line that says it is renamed"):
		return "git writes over a file"
	case has("is not of the form @@"):
		return "git has taken numbers beyond all bounds"
	case has("invalid mode"):
		return "git has taken other modes in other versions"
	}
	return ""
}

// passing returns the paths that a text changes or makes and then deletes: git leaves the
// file there.
func passing(text []byte, opt Options) (paths []string) {
	p, err := opt.Strict.parse(text)
	if err != nil {
		return nil
	}
	if opt.Reverse {
		p = p.turned()
	}
	for i := range p.Files {
		f := &p.Files[i]
		if f.Op == Delete && slices.ContainsFunc(p.Files[:i], func(g File) bool { return g.New == f.Old }) {
			paths = append(paths, f.Old)
		}
	}
	return paths
}
