package repo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// The kinds of an image.
const (
	kindAbsent = "absent"
	kindFile   = "file"
	kindLink   = "link"
	kindOther  = "other" // a directory, a pipe, …
)

// same reports whether two images are the same to a person. Times do not count.
func (i image) same(o image) bool {
	return i.Kind == o.Kind && i.Perm == o.Perm && i.Sum == o.Sum && i.Target == o.Target
}

// lookAt returns the image at the slash-separated path, and what Lstat said of it
// (nil when nothing is there).
func lookAt(root *os.Root, name string) (image, fs.FileInfo, error) {
	name = filepath.FromSlash(name)
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return image{Kind: kindAbsent}, nil, nil
	case err != nil:
		return image{}, nil, err
	case info.Mode().Type() == fs.ModeSymlink:
		target, err := root.Readlink(name)
		return image{Kind: kindLink, Target: rawText(target)}, info, err
	case !info.Mode().IsRegular():
		return image{Kind: kindOther}, info, nil
	}
	file, err := root.Open(name)
	if err != nil {
		return image{}, nil, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return image{}, nil, err
	}
	return image{Kind: kindFile, Perm: info.Mode().Perm(), MTime: info.ModTime(), Sum: hex.EncodeToString(sum.Sum(nil))}, info, nil
}

// sameInfo reports whether a file has been left alone between two Lstats.
func sameInfo(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}

// ancestors lists the directories above a path, the nearest first, without the root.
func ancestors(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	return dirs
}

// copyDurably copies a file to a new one, on disk when it returns.
func copyDurably(from io.Reader, to *os.File) error {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}
