package patch

import (
	"bytes"
	"strings"
)

// file makes the new content of one file.
func (j *job) file(f *File) error {
	rep := FileReport{Path: f.Path(), Op: f.Op, Hunks: len(f.Hunks) + len(f.edits)}
	if f.Op == Rename || f.Op == Copy {
		rep.Old = f.Old
	}
	was, old, err := j.source(f)
	if err != nil {
		return err
	}
	if f.Op != Create && !was.exists() {
		rep.Op, was.mode = Create, ModeFile
	}
	data, err := f.content(old, j.opt, &rep)
	if err != nil {
		return err
	}
	j.res.Files = append(j.res.Files, rep)
	if j.total += len(data); len(data) > MaxFile || j.total > MaxTotal {
		return f.errorf(TooLarge, f.Path(), "the patch makes more than may be written")
	}
	if f.Op == Delete {
		if len(data) > 0 {
			return f.errorf(Conflict, f.Old, "the file to delete holds more than the patch removes")
		}
		j.drop(f, true)
		return nil
	}
	mode := was.mode
	if f.NewMode != 0 && (f.NewMode != f.OldMode || f.sets) {
		if mode = f.NewMode; f.sets && was.mode&modeType != mode&modeType {
			return f.errorf(Conflict, f.Old, "the file has mode "+was.mode.String()+", and the patch makes it "+mode.String())
		}
	}
	if f.Op == Modify && mode == was.mode && bytes.Equal(data, old) {
		j.same[f.New] = true
		return nil
	}
	if mode == ModeLink {
		if reason := checkLink(f.New, string(data)); reason != "" {
			return f.errorf(Refused, f.New, reason)
		}
	}
	if f.Op == Rename && !f.unsaid {
		j.drop(f, j.earlier(f) != nil)
	}
	j.set(f, mode, data)
	return nil
}

// source returns the file that f changes, copies or removes, as the sections before
// it left it; nothing for a Create.
func (j *job) source(f *File) (entry, []byte, error) {
	if f.Op == Create {
		return entry{}, nil, j.unmade(f)
	}
	if f.Op == Rename || f.Op == Copy {
		if err := j.unmade(f); err != nil {
			return entry{}, nil, err
		}
	}
	if s := j.earlier(f); s != nil {
		if s.gone {
			return entry{}, nil, f.errorf(Missing, f.Old, "a section above deletes the file or renames it")
		}
		return entry{mode: s.mode}, s.data, f.fits(s.mode)
	}
	if err := j.torn(f); err != nil {
		return entry{}, nil, err
	}
	e, stop, err := j.tree.at(f.Old)
	switch {
	case err != nil:
		return e, nil, err
	case stop != "" && j.tree.seen[stop].mode == ModeFile, stop != "" && j.tree.seen[stop].mode == ModeExec:
		return e, nil, f.errorf(Missing, f.Old, "there is no such file; "+j.tree.why(stop))
	case stop != "":
		return e, nil, f.errorf(Refused, f.Old, j.tree.why(stop))
	case e.odd:
		return e, nil, f.errorf(Unsupported, f.Old, "a submodule cannot be changed by a patch")
	case e.dir:
		return e, nil, f.errorf(Missing, f.Old, "this is a directory, not a file")
	case !e.exists() && f.fromNothing():
		return e, nil, nil
	case !e.exists():
		return e, nil, f.errorf(Missing, f.Old, "there is no such file")
	}
	if e.mode == ModeLink && len(f.edits) > 0 && !f.git {
		return e, nil, f.errorf(Refused, f.Old, "the path is a symbolic link; only a git diff can change one")
	}
	if err := f.fits(e.mode); err != nil {
		return e, nil, err
	}
	data, err := j.tree.read(f.Old, e)
	return e, data, err
}

// fits refuses a file of another type than the patch says. A Delete without a git header
// or content says nothing of it.
func (f *File) fits(mode Mode) error {
	if f.OldMode != 0 && f.OldMode&modeType != mode&modeType && !f.named && !f.plain {
		return f.errorf(Conflict, f.Old, "the file has mode "+mode.String()+", and the patch is for "+f.OldMode.String())
	}
	return nil
}

// torn refuses to rename a file that a section above changes: a diff that says so means
// the file as it was where the change is a rewrite, and two diffs in a row that nothing
// parts mean it as changed. git takes it as it was.
func (j *job) torn(f *File) error {
	s := j.state[f.Old]
	if j.opt.Strict != nil || f.Op != Rename || s == nil || s.gone || s.by.Op != Modify || s.by.Score > 0 {
		return nil
	}
	return f.errorf(Conflict, f.Old, "a section above changes the file, and the text does not say whether it is renamed as it was or as it is then")
}

// unmade refuses to make a file that a section above has made; git does so only where
// the tree has one, too. One that only says the same as the tree is told apart.
func (j *job) unmade(f *File) error {
	if s := j.state[f.New]; s != nil && !s.gone {
		if e, stop, err := j.tree.at(f.New); j.opt.Strict == nil || err == nil && stop == "" && e.mode != 0 {
			return f.errorf(Exists, f.New, "a section above makes this file already")
		}
	}
	if f.Op != Create || len(f.edits) == 0 || j.gone[f.New] {
		return nil
	}
	e, stop, err := j.tree.at(f.New)
	if err != nil || stop != "" || e.mode == 0 {
		return err
	}
	data, err := j.tree.read(f.New, e)
	if err == nil && string(data) == f.edits[0].text("", false) {
		return f.errorf(AlreadyApplied, f.New, "the file is there already, with this content")
	}
	return err
}

// fromNothing reports whether a plain diff may mean to create a file, though it
// does not say so with /dev/null: its only hunk is for an empty file.
func (f *File) fromNothing() bool {
	return f.Op == Modify && f.plain && len(f.Hunks) == 1 && f.Hunks[0].OldLines == 0
}

// content returns what the section makes of old.
func (f *File) content(old []byte, opt Options, rep *FileReport) ([]byte, error) {
	switch {
	case f.Binary != nil && opt.Strict != nil:
		return f.binaryStrictly(old)
	case f.Binary != nil:
		return f.binary(old)
	case len(f.edits) > 0 && f.Op == Create:
		rep.Added = len(f.edits[0].lines)
		return []byte(f.edits[0].text("", false)), nil
	case len(f.edits) > 0 && f.fill:
		return f.replaced(old, rep)
	case len(f.edits) > 0:
		return f.loosely(old, opt.Tier, rep)
	case f.Op == Delete && f.named:
		return nil, nil
	case len(f.Hunks) > 0:
		return f.strictly(old, opt.Strict, rep)
	case f.Op == Delete && len(old) > 0 && f.proved(old) && opt.Strict == nil:
		return nil, nil // `git diff --irreversible-delete`, which git itself cannot apply
	}
	return old, nil
}

// proved reports whether the index line names exactly this content.
func (f *File) proved(old []byte) bool {
	return isWhole(f.OldID) && blobID(old, len(f.OldID)) == f.OldID
}

// binary returns the new content of a binary file. The old one must be known to
// be the one the patch was made for: by the id in the index line, or because the
// patch's other half makes it.
func (f *File) binary(old []byte) ([]byte, error) {
	if f.Binary.Forward == nil {
		return nil, f.errorf(BinaryFile, f.Path(), "the patch lacks the data of a binary file; make it with git diff --binary")
	}
	proved := f.Op == Create || f.proved(old)
	if !proved && isWhole(f.OldID) {
		return nil, f.errorf(Conflict, f.Path(), "the binary file is not the one the patch was made for")
	}
	data, err := f.Binary.Forward.content(old)
	if err != nil {
		return nil, f.errorf(Conflict, f.Path(), err.Error())
	}
	if isWhole(f.NewID) && strings.Trim(f.NewID, "0") != "" && blobID(data, len(f.NewID)) != f.NewID {
		return nil, f.errorf(Malformed, f.Path(), "the binary patch does not make the file its index line names")
	}
	if !proved && f.Binary.Back != nil {
		before, err := f.Binary.Back.content(data)
		if err != nil || !bytes.Equal(before, old) {
			return nil, f.errorf(Conflict, f.Path(), "the binary file is not the one the patch was made for")
		}
		proved = true
	}
	if !proved {
		return nil, f.errorf(Conflict, f.Path(), "the binary patch does not say which content it was made for; make it with git diff --binary")
	}
	return data, nil
}
