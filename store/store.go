// Package store opens an agent.Store by URL.
package store

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
	"codeagent.dev/agent/store/mem"
)

// Options hold for every kind of store.
type Options struct {
	MaxClaims int // lost workers that end a variant; 0: agent.DefaultMaxClaims
}

// Open opens the store that a URL names: bolt:///absolute/path or just the path, or
// mem: for one that forgets. An unknown scheme is Invalid; other errors are the
// driver's.
func Open(ctx context.Context, name string, opt Options) (agent.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, unknown(name)
	}
	scheme, rest, ok := strings.Cut(name, ":")
	switch {
	case filepath.IsAbs(name): // before schemes: Windows paths have a colon
		return openBolt(name, opt)
	case ok && scheme == "mem" && rest == "":
		return mem.New(mem.Options{MaxClaims: opt.MaxClaims}), nil
	case ok && scheme == "bolt":
		u, err := url.Parse(name)
		if err != nil {
			return nil, agent.Errorf(agent.Invalid, "store %q is no URL: %w", name, err)
		}
		if u.Host != "" || u.Path == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, agent.Errorf(agent.Invalid, "store %q names no absolute path", name).WithHint("bolt:///absolute/path")
		}
		return openBolt(local(u.Path), opt)
	case ok && !strings.ContainsAny(scheme, `/\`):
		return nil, unknown(name)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, agent.Errorf(agent.Unavailable, "store %q: %w", name, err)
	}
	return openBolt(path, opt)
}

func unknown(name string) error {
	return agent.Errorf(agent.Invalid, "store %q is of no known kind", name).WithHint("bolt:///absolute/path, or mem:")
}

// local returns the file path in a URL: /C:/x is C:\x on Windows.
func local(path string) string {
	if trimmed := strings.TrimPrefix(path, "/"); filepath.VolumeName(trimmed) != "" {
		path = trimmed
	}
	return filepath.FromSlash(path)
}

func openBolt(path string, opt Options) (agent.Store, error) {
	s, err := bolt.Open(bolt.Options{Path: path, MaxClaims: opt.MaxClaims})
	if err != nil {
		return nil, err
	}
	return s, nil
}
