package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch"
)

// sandbox is a directory with files, and a home for journals.
type sandbox struct {
	t         *testing.T
	dir, home string
}

// newSandbox makes a directory that holds files: contents by path, "-> target" for a
// link and "!content" for a program; a path that ends in / is an empty directory.
func newSandbox(t *testing.T, files map[string]string) sandbox {
	t.Helper()
	s := sandbox{t, filepath.Join(t.TempDir(), "a tree"), filepath.Join(t.TempDir(), "home")}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		s.put(name, content)
	}
	return s
}

func (s sandbox) put(name, content string) {
	s.t.Helper()
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	target, isLink := strings.CutPrefix(content, "-> ")
	program, isProgram := strings.CutPrefix(content, "!")
	switch {
	case err != nil:
	case strings.HasSuffix(name, "/"):
		err = os.MkdirAll(file, 0o755)
	case isLink:
		err = os.Symlink(target, file)
	case isProgram:
		err = os.WriteFile(file, []byte(program), 0o755)
	default:
		err = os.WriteFile(file, []byte(content), 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// photo is everything in the directory, and what lies in the home of journals.
func (s sandbox) photo() map[string]string {
	s.t.Helper()
	seen := map[string]string{}
	for _, top := range []string{s.dir, s.home} {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path == s.home {
				return nil
			}
			if err != nil || path == top {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(filepath.Dir(top), path)
			seen[name] = info.Mode().String()
			switch {
			case info.Mode().Type() == fs.ModeSymlink:
				target, err := os.Readlink(path)
				seen[name] += " " + target
				return err
			case info.Mode().IsRegular():
				data, err := os.ReadFile(path)
				seen[name] += " " + string(data)
				return err
			}
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return seen
}

func (s sandbox) open() *Tree {
	s.t.Helper()
	tree, err := Open(s.dir, s.home)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { tree.Close() })
	tree.hasty = true
	return tree
}

// expect fails the test when the directory differs from a photo.
func (s sandbox) expect(what string, want map[string]string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.photo()); diff != "" {
		s.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func file(path, content string) patch.Write {
	return patch.Write{Path: path, Mode: patch.ModeFile, Data: []byte(content)}
}

func program(path, content string) patch.Write {
	return patch.Write{Path: path, Mode: patch.ModeExec, Data: []byte(content)}
}

func symlink(path, target string) patch.Write {
	return patch.Write{Path: path, Mode: patch.ModeLink, Data: []byte(target)}
}

func gone(path string) patch.Write { return patch.Write{Path: path, Delete: true} }
