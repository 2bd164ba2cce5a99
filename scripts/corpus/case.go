package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

// aCase is one case: files, a patch, and what has to come of it.
type aCase struct {
	origin string // the name of its file, without endings
	id     string
	format patch.Format
	kinds  []string // the damages done, for a generated case
	policy string   // the expected result is a choice, not the only right answer
	note   string

	before, after batch.Tree
	modes         map[string]batch.Mode // of after, where they are to be compared
	text          []byte
	options       batch.Options

	refuse    bool // it must not be applied
	mayRefuse bool // refusing it is as good as applying it rightly
}

// record is a case as the file has it.
type record struct {
	ID     string
	Kind   string
	Files  map[string]*content
	After  map[string]*content
	Patch  batch.Text
	Expect string
	Kinds  []string
	Note   string
	Policy string

	Ambiguous bool `json:"ambiguous"`
	RefuseOK  bool `json:"refuse_ok"`

	batch.Options
	Modes struct{ Before, After map[string]batch.Mode } `json:"modes"` // hides that of the options
}

// content is a file, or the name of one in the file of blobs.
type content struct {
	batch.File
	ref string
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`{"ref"`)) {
		var r struct{ Ref string }
		err := json.Unmarshal(raw, &r)
		c.ref = r.Ref
		return err
	}
	return c.File.UnmarshalJSON(raw)
}

// strictly names the files whose cases are git's own: they are for git's rules alone.
var strictly = map[string]bool{"git-t": true}

// load reads the cases of files, and of the case files in directories.
func load(paths []string) ([]*aCase, error) {
	var cases []*aCase
	for _, path := range paths {
		files, err := caseFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			some, err := loadFile(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			cases = append(cases, some...)
		}
	}
	return cases, nil
}

// caseFiles returns the files of cases that path means: itself, those in it, or those in
// its directory named cases.
func caseFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	if inner, err := os.Stat(filepath.Join(path, "cases")); err == nil && inner.IsDir() {
		path = filepath.Join(path, "cases")
	}
	var found []string
	for _, pattern := range []string{"*.jsonl", "*.jsonl.gz"} {
		some, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	found = slices.DeleteFunc(found, func(name string) bool { return strings.HasSuffix(name, ".blobs.jsonl.gz") })
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no *.jsonl or *.jsonl.gz", path)
	}
	slices.Sort(found)
	return found, nil
}

func loadFile(name string) ([]*aCase, error) {
	blobs, err := loadBlobs(name)
	if err != nil {
		return nil, err
	}
	origin, _, _ := strings.Cut(filepath.Base(name), ".jsonl")
	cases, err := decode(name, func(line []byte) (*aCase, error) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		if r.Kind == "parse" {
			return nil, nil // a test of a parser; there is no file to apply it to
		}
		c, err := r.newCase(origin, blobs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		return c, nil
	})
	return slices.DeleteFunc(cases, func(c *aCase) bool { return c == nil }), err
}

func (r *record) newCase(origin string, blobs map[string][]byte) (*aCase, error) {
	c := &aCase{
		origin: origin, id: r.ID, format: r.Format, kinds: r.Kinds, policy: r.Policy, note: r.Note,
		before: batch.Tree{}, modes: r.Modes.After, text: r.Patch, options: r.Options,
		refuse: r.Expect == "error", mayRefuse: r.Ambiguous || r.RefuseOK,
	}
	c.options.Strict.On = strictly[origin]
	if err := fill(c.before, r.Files, r.Modes.Before, blobs); err != nil {
		return nil, err
	}
	c.after = c.before.With(nil)
	maps.DeleteFunc(c.modes, func(path string, mode batch.Mode) bool {
		was, ok := c.before[path]
		return ok && was.Mode != patch.Mode(mode) && !bytes.Contains(c.text, []byte(" mode ")) // only git's index knew of it
	})
	return c, fill(c.after, r.After, c.modes, blobs)
}

// fill puts files into a tree; nil takes one out.
func fill(tree batch.Tree, files map[string]*content, modes map[string]batch.Mode, blobs map[string][]byte) error {
	for path, file := range files {
		if file == nil {
			delete(tree, path)
			continue
		}
		if file.ref != "" {
			data, ok := blobs[file.ref]
			if !ok {
				return fmt.Errorf("%s: there is no blob %s", path, file.ref)
			}
			file.Mode, file.Data = patch.ModeFile, data
		}
		tree[path] = file.File
	}
	for path, mode := range modes {
		if file, ok := tree[path]; ok {
			tree[path] = batch.File{Mode: patch.Mode(mode), Data: file.Data}
		}
	}
	return nil
}

// loadBlobs reads the contents that a file of cases names, if there are any.
func loadBlobs(name string) (map[string][]byte, error) {
	file, ok := strings.CutSuffix(name, ".jsonl.gz")
	if !ok {
		return nil, nil
	}
	type blob struct{ Ref, Text string }
	all, err := decode(file+".blobs.jsonl.gz", func(line []byte) (b blob, err error) {
		err = json.Unmarshal(line, &b)
		return b, err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	blobs := make(map[string][]byte, len(all))
	for _, b := range all {
		blobs[b.Ref] = []byte(b.Text)
	}
	return blobs, err
}

// decode makes something of each line of a file that is not blank.
func decode[T any](name string, of func(line []byte) (T, error)) ([]T, error) {
	lines, err := readLines(name)
	if err != nil {
		return nil, err
	}
	all, errs := make([]T, len(lines)), make([]error, len(lines))
	parallel(len(lines), runtime.GOMAXPROCS(0), func(i int) {
		if all[i], errs[i] = of(lines[i].text); errs[i] != nil {
			errs[i] = fmt.Errorf("line %d: %w", lines[i].number, errs[i])
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err // the first tells enough
		}
	}
	return all, nil
}

type textLine struct {
	number int // from 1
	text   []byte
}

// readLines returns the lines of a file, which may be compressed, but for blank ones.
func readLines(name string) ([]textLine, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	all, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var lines []textLine
	number := 0
	for text := range bytes.Lines(all) {
		if number++; len(bytes.TrimSpace(text)) > 0 {
			lines = append(lines, textLine{number, text})
		}
	}
	return lines, nil
}
