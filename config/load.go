package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// maxWorkers is what workers: auto ends at. Beyond it checks, not makers, are what
// a machine is short of.
const maxWorkers = 16

// Sources are where Load looks besides the environment.
type Sources struct {
	Paths    Paths
	RepoFile string            // the .agent.yaml of a work tree; "": none
	Flags    map[string]string // by key: {"variants": "3"}
}

// Load resolves every setting: defaults, then the machine's file, the user's, the
// repository's, the environment, flags. A file that does not exist is an empty one.
// Errors have code Invalid and name file and line, variable or flag.
func (m Machine) Load(src Sources) (*Config, error) {
	c := &Config{os: m.OS, origins: map[string]Origin{}}
	plain := plainKeys()
	for _, k := range plain {
		if err := k.set(c, k.Default); err != nil {
			return nil, fmt.Errorf("default of %s: %w", k.Name, err)
		}
		c.origins[k.Name] = Origin{}
	}
	for _, f := range []struct {
		layer Layer
		path  string
	}{{System, src.Paths.SystemFile()}, {User, src.Paths.UserFile()}, {Repository, src.RepoFile}} {
		if err := c.file(f.layer, f.path); err != nil {
			return nil, err
		}
	}
	for _, k := range plain {
		if text := m.Env(k.Env()); text != "" {
			if err := c.text(k, text, Origin{Environment, k.Env()}); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(src.Flags)) {
		k, err := Lookup(name)
		if err != nil {
			return nil, err
		}
		if err := c.text(k, src.Flags[name], Origin{Flag, "--" + name}); err != nil {
			return nil, err
		}
	}
	if c.Workers == 0 {
		c.Workers = min(max(m.CPUs, 1), maxWorkers)
	}
	c.finish()
	return c, nil
}

// text reads a value that stands in a variable or a flag.
func (c *Config) text(k Key, text string, from Origin) error {
	if err := k.set(c, text); err != nil {
		return agent.Errorf(agent.Invalid, "%s: %w", from.Where, err)
	}
	c.origins[k.Name] = from
	return nil
}

// set reads one text as the key's value and stores it in c.
func (k Key) set(c *Config, text string) error {
	texts, err := k.split(text)
	if err != nil {
		return err
	}
	return k.assign(c, texts)
}

// split cuts a list at its commas, a command line at its blanks.
func (k Key) split(text string) ([]string, error) {
	if k.Unit == Line {
		return splitLine(text)
	}
	if k.Unit != Names {
		return []string{text}, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list, nil
}

// file reads one layer that is a file.
func (c *Config) file(layer Layer, path string) error {
	data, err := readFile(path)
	if data == nil || err != nil {
		return err
	}
	d, err := parse(path, data)
	if err != nil {
		return err
	}
	if layer == Repository {
		_, err := d.repo(plainKeys(), c)
		return err
	}
	keys := Keys()
	return d.leaves(keyNames(keys), func(l leaf) error { return d.assign(keys, c, l, layer) })
}

// assign stores one leaf's value in c.
func (d *document) assign(keys []Key, c *Config, l leaf, layer Layer) error {
	k, err := lookup(keys, l.name)
	if err != nil {
		return d.fail(l.member, agent.HintOf(err), "%v", err)
	}
	texts, err := d.texts(l)
	if err != nil {
		return err
	}
	if _, single := scalar(l.value); single {
		texts, err = k.split(texts[0])
	} else if !k.list() {
		err = fmt.Errorf("one %s is needed, not a list", k.Unit)
	}
	if err == nil {
		err = k.assign(c, texts)
	}
	if err != nil {
		return d.fail(l.value.GetToken(), "", "%s: %v", l.name, err)
	}
	if c.origins != nil {
		c.origins[k.Name] = Origin{layer, fmt.Sprintf("%s:%d", d.file, l.key.Position.Line)}
	}
	return nil
}

// readFile returns nil for a file that does not exist. It opens nothing but regular
// files, so that a named pipe cannot make it wait.
func readFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, agent.Errorf(agent.Invalid, "settings file %s is not a regular file", path)
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			defer f.Close()
			var data []byte
			data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
			if err == nil {
				return data, nil
			}
		}
	}
	return nil, agent.Errorf(agent.Invalid, "settings file %s cannot be read: %w", path, err)
}
