package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// Set writes one setting into a settings file, which need not exist. Everything
// else in the file stays as it is, byte for byte. The value is checked first, and
// the file afterwards; only then the new file takes the old one's place.
// Errors: Invalid for a key, a value, or a file that makes no sense; else the disk's.
func Set(path, key, text string) error {
	keys := Keys()
	k, err := lookup(keys, key)
	if err != nil {
		return err
	}
	want := &Config{}
	if err := k.set(want, text); err != nil {
		return agent.Errorf(agent.Invalid, "%s: %w", k.Name, err)
	}
	old, err := readFile(path)
	if err != nil {
		return err
	}
	if old == nil {
		old = []byte("# Settings of agent; `agent config list` shows all of them.\n")
	}
	d, err := parse(path, old)
	if err != nil {
		return err
	}
	value, err := encode(k, text)
	if err != nil {
		return agent.Errorf(agent.Invalid, "%s: %w", k.Name, err)
	}
	data, err := d.edit(k.path(), value)
	if err != nil {
		return err
	}
	if err := d.verify(data, keys, k.Name, map[string]string{k.Name: k.text(want)}); err != nil {
		return err
	}
	return replace(path, data)
}

// Unset takes a setting out of a settings file, or all settings of a member of a
// family, such as "providers.groq"; what comes after it in the layers counts again.
// Groups that are left empty go with it, unless a comment stands in them. Errors: as
// those of Set, and NotFound where the file does not hold it.
func Unset(path, key string) error {
	keys := Keys()
	parts, err := unsetPath(keys, key)
	if err != nil {
		return err
	}
	old, err := readFile(path)
	if err != nil {
		return err
	}
	d, err := parse(path, old)
	if err != nil {
		return err
	}
	data, err := d.remove(parts)
	if err != nil {
		return err
	}
	if data == nil {
		return agent.Errorf(agent.NotFound, "%s is not set in %s", key, path).
			WithHint("agent config list --show-origin")
	}
	if err := d.verify(data, keys, key, nil); err != nil {
		return err
	}
	return replace(path, data)
}

// unsetPath is the path of a key, or of a member of a family.
func unsetPath(keys []Key, name string) ([]string, error) {
	k, err := lookup(keys, name)
	if err == nil {
		return k.path(), nil
	}
	group, member, _ := strings.Cut(name, ".")
	for _, k := range keys {
		if k.family != nil && strings.HasPrefix(k.Name, group+".*.") && k.family.check(member) == nil {
			return []string{group, member}, nil
		}
	}
	return nil, err
}

// verify reads the new text as Load will: what was changed, the key or the member
// name, must be as wanted, and every other setting what it was in d.
func (d *document) verify(data []byte, keys []Key, name string, want map[string]string) error {
	after, err := parse(d.file, data)
	if err != nil {
		return err
	}
	changed := func(n string) bool { return n == name || strings.HasPrefix(n, name+".") }
	was, err := d.written(keys, changed)
	if err != nil {
		return err
	}
	is, err := after.written(keys, func(string) bool { return false })
	if err != nil {
		return err
	}
	for n, text := range want {
		was[n] = text
	}
	for _, pair := range [][2]map[string]string{{was, is}, {is, was}} {
		for n, text := range pair[0] {
			if other, ok := pair[1][n]; !ok || other != text {
				return agent.Errorf(agent.Invalid, "%s cannot be changed in %s without changing %s", name, d.file, n).
					WithHint("write it there with an editor")
			}
		}
	}
	return nil
}

// written returns all that is written in the document, by name, but what skip says:
// the value that is being replaced may be wrong, and this is how it is put right.
func (d *document) written(keys []Key, skip func(name string) bool) (map[string]string, error) {
	c := &Config{origins: map[string]Origin{}}
	err := d.leaves(keyNames(keys), func(l leaf) error {
		if skip(l.name) {
			return nil
		}
		return d.assign(keys, c, l, User)
	})
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, v := range c.onlySet() {
		texts[v.Key.Name] = v.Text
	}
	return texts, nil
}

// encode writes a value as YAML on one line.
func encode(k Key, text string) (string, error) {
	switch {
	case k.list():
		list, err := k.split(text)
		if err != nil {
			return "", err
		}
		for i := range list {
			list[i] = quote(list[i])
		}
		return "[" + strings.Join(list, ", ") + "]", nil
	case k.Unit == Text:
		return quote(text), nil
	}
	return text, nil
}

// replace puts data in the place of the file path in one step. A link stays a link:
// people keep their settings in a repository of their own.
func replace(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, err)
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	temp, err := os.CreateTemp(dir, ".config-*.yaml")
	if err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, err)
	}
	_, werr := temp.Write(data)
	err = errors.Join(werr, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return agent.Errorf(agent.Internal, "settings file %s cannot be written: %w", path, errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
