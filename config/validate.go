package config

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"

	"codeagent.dev/agent"
)

// Validate returns what is wrong with a settings file, in the order of its lines: nothing
// of it when it is right. Each error is Invalid, and holds a *FileError where a line is
// known. A file named like a repository's is read as one, any other as a person's. A
// mistake of YAML hides what else is wrong.
func Validate(file string, data []byte) []error {
	var found []error
	d, err := parse(file, data)
	if err != nil {
		return []error{err}
	}
	d.found = &found
	if filepath.Base(file) == shortName {
		found = append(found, agent.Errorf(agent.Invalid, "%s is not read: the file is called %s", file, RepoFile).WithHint("git mv "+shortName+" "+RepoFile))
	}
	if IsRepoFile(file) {
		_, err = d.repo(plainKeys(), &Config{})
	} else {
		keys := Keys()
		err = d.leaves(keyNames(keys), func(l leaf) error { return d.assign(keys, &Config{}, l, User) })
	}
	if err != nil {
		found = append(found, err)
	}
	slices.SortStableFunc(found, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return found
}

func lineOf(err error) int {
	if bad, ok := errors.AsType[*FileError](err); ok {
		return bad.Line
	}
	return 0
}

const shortName = ".agent.yml" // as people write it from habit

// IsRepoFile reports whether a file is named like a repository's settings.
func IsRepoFile(file string) bool {
	base := filepath.Base(file)
	return base == RepoFile || base == shortName
}

// keep notes an error where all are wanted, and lets the reading go on.
func (d *document) keep(err error) error {
	if err == nil || d.found == nil {
		return err
	}
	if bad, ok := errors.AsType[*FileError](err); ok {
		for _, known := range *d.found {
			if k, ok := errors.AsType[*FileError](known); ok && k.Line == bad.Line && k.Column == bad.Column {
				return nil // the same, found in another way
			}
		}
	}
	*d.found = append(*d.found, err)
	return nil
}
