package disk

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// kind is what can stand at a path.
type kind string

const (
	absent  kind = "absent"
	regular kind = "file"
	link    kind = "link"
	other   kind = "other" // a directory, a pipe
)

// image is what stands at a path.
type image struct {
	Kind    kind        `json:"kind"`
	Perm    fs.FileMode `json:"perm,omitempty"`
	AnyPerm bool        `json:"any_perm,omitempty"` // Perm is what the system makes of a new file
	Sum     string      `json:"sha256,omitempty"`   // of a file's content
	Target  raw         `json:"target,omitempty"`   // of a link
}

// raw is bytes that JSON can hold: a path or a link's target.
type raw string

// MarshalText implements encoding.TextMarshaler.
func (r raw) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString([]byte(r))), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *raw) UnmarshalText(text []byte) error {
	data, err := base64.StdEncoding.DecodeString(string(text))
	*r = raw(data)
	return err
}

// unlike says how an image differs from the one it should be; "" if it does not.
func (i image) unlike(want image) string {
	switch {
	case i.Kind == other && want.Kind != other:
		return "replaced by a directory"
	case i.Kind == absent && want.Kind != absent:
		return "deleted"
	case i.Kind != absent && want.Kind == absent:
		return "made by somebody else"
	case i.Kind != want.Kind, i.Sum != want.Sum, i.Target != want.Target:
		return "changed"
	case i.Kind == regular && i.Perm != want.Perm && !want.AnyPerm:
		return "given another mode"
	}
	return ""
}

// look returns the image at a slash-separated path. Beyond a link there is nothing.
func look(root *os.Root, name string) (image, error) {
	if linkAbove(root, name) != "" {
		return image{Kind: absent}, nil
	}
	name = filepath.FromSlash(name)
	info, err := root.Lstat(name)
	switch {
	case isAbsent(err):
		return image{Kind: absent}, nil
	case err != nil:
		return image{}, err
	}
	i := image{Kind: kindOf(info), Perm: info.Mode().Perm()}
	switch i.Kind {
	case link:
		target, err := root.Readlink(name)
		return image{Kind: link, Target: raw(target)}, err
	case regular:
		i.Sum, err = sumFile(root, name)
	}
	return i, err
}

// linkAbove returns a link on the way to a path; "" if there is none.
func linkAbove(root *os.Root, name string) string {
	for _, above := range ancestors(name) {
		if info, err := root.Lstat(filepath.FromSlash(above)); err == nil && info.Mode().Type() == fs.ModeSymlink {
			return above
		}
	}
	return ""
}

func kindOf(info fs.FileInfo) kind {
	switch {
	case info.Mode().IsRegular():
		return regular
	case info.Mode().Type() == fs.ModeSymlink:
		return link
	}
	return other
}

func sumFile(root *os.Root, name string) (string, error) {
	file, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// isNotDir reports whether an error says that a file stands where a directory should.
func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
