package repo

import (
	"io/fs"
	"os"
)

// stamp is what a file looked like when something was derived from it. Comparing
// stamps costs one stat a file and tells whether to derive it again.
type stamp struct {
	path string
	info fs.FileInfo // nil: there was no such file
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{path: path}
	}
	return stamp{path: path, info: info}
}

// fresh reports whether the file is the one it was. A directory is the same as long
// as it is the same directory, whatever was done inside it.
func (s stamp) fresh() bool {
	now, err := os.Stat(s.path)
	if err != nil || s.info == nil {
		return err != nil && s.info == nil
	}
	if !os.SameFile(now, s.info) || now.Mode() != s.info.Mode() {
		return false
	}
	return now.IsDir() || (now.Size() == s.info.Size() && now.ModTime().Equal(s.info.ModTime()))
}

func allFresh(stamps []stamp) bool {
	for _, s := range stamps {
		if !s.fresh() {
			return false
		}
	}
	return true
}
