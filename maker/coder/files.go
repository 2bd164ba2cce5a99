package coder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/coder/acp-go-sdk"
)

// maxFile bounds the bytes of a file that is read for an agent: it must fit into a message.
const maxFile = 4 << 20

// read serves fs/read_text_file, inside of the directory alone.
func (s *session) read(p acp.ReadTextFileRequest) (acp.ReadTextFileResponse, *acp.RequestError) {
	rel, inside := s.fence.rel(p.Path)
	if !inside {
		s.reject("read outside: "+p.Path, "fs/read_text_file")
		return acp.ReadTextFileResponse{}, denied(p.Path)
	}
	text, err := s.fence.readText(rel)
	if errors.Is(err, fs.ErrNotExist) {
		return acp.ReadTextFileResponse{}, &acp.RequestError{Code: -32002, Message: "Resource not found", Data: map[string]any{"uri": p.Path}}
	}
	if err != nil {
		return acp.ReadTextFileResponse{}, acp.NewInvalidParams(map[string]any{"error": err.Error()})
	}
	return acp.ReadTextFileResponse{Content: window(text, p.Line, p.Limit)}, nil
}

// write serves fs/write_text_file, inside of the directory and not in a repository's own
// files.
func (s *session) write(p acp.WriteTextFileRequest) (acp.WriteTextFileResponse, *acp.RequestError) {
	rel, inside := s.fence.rel(p.Path)
	if !inside || repository(rel) {
		s.reject("write outside: "+p.Path, "fs/write_text_file")
		return acp.WriteTextFileResponse{}, denied(p.Path)
	}
	if err := s.fence.writeText(rel, p.Content); err != nil {
		return acp.WriteTextFileResponse{}, acp.NewInvalidParams(map[string]any{"error": err.Error()})
	}
	s.show("> wrote " + oneLine(rel))
	return acp.WriteTextFileResponse{}, nil
}

func denied(path string) *acp.RequestError {
	return acp.NewInvalidParams(map[string]any{"error": "not allowed outside of the working directory: " + path})
}

// readText reads a file of text. The root keeps us inside should a part of the path
// become a symbolic link meanwhile.
func (f fence) readText(rel string) (string, error) {
	root, err := os.OpenRoot(f.real)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := regular(root, rel); err != nil {
		return "", err
	}
	file, err := root.Open(rel)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxFile:
		return "", fmt.Errorf("%s is larger than %d bytes", rel, maxFile)
	case !utf8.Valid(text):
		return "", fmt.Errorf("%s is not UTF-8 text", rel)
	}
	return string(text), nil
}

// writeText writes a file, with the directories that it needs. One that exists keeps its
// mode.
func (f fence) writeText(rel, text string) error {
	root, err := os.OpenRoot(f.real)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := regular(root, rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(rel), 0o777); err != nil {
		return err
	}
	return root.WriteFile(rel, []byte(text), 0o666)
}

// regular refuses what is no plain file: a pipe would be waited for.
func regular(root *os.Root, rel string) error {
	info, err := root.Stat(rel)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", rel)
	}
	return err
}

// window cuts lines out of a text: limit of them from line on, which counts from 1.
func window(text string, line, limit *int) string {
	if line == nil && limit == nil {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	from := 0
	if line != nil {
		from = min(max(*line-1, 0), len(lines))
	}
	to := len(lines)
	if limit != nil {
		to = min(from+max(*limit, 0), to)
	}
	return strings.Join(lines[from:max(from, to)], "")
}
