package config

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"codeagent.dev/agent"
)

// Secret is a key of a provider. However it is printed, logged or marshaled, it
// shows nothing of itself.
type Secret struct {
	value *string // fmt shows a string in a field of a field, and of a pointer its address
}

// Reveal returns the key, for the one header that it is sent in.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

const hidden = "[secret]"

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Secret reads the key from the place that a Provider's Key names: a variable of this
// process, or "file:/absolute/path". Errors: Invalid, with what is in the way; they
// and their hints show nothing of what was read.
func (m Machine) Secret(place string) (Secret, error) {
	if err := checkKeyPlace(place); err != nil {
		return Secret{}, agent.Errorf(agent.Invalid, "place of a key: %w", err)
	}
	path, ok := strings.CutPrefix(place, filePrefix)
	if !ok {
		value := strings.TrimSpace(m.Env(place))
		if value == "" {
			return Secret{}, agent.Errorf(agent.Invalid, "variable %s, which should hold a key, is not set", place).
				WithHint("export " + place + "=…; agent daemon restart")
		}
		return oneLine(value, "variable "+place)
	}
	data, err := m.keyFile(path)
	if err != nil {
		return Secret{}, err
	}
	return oneLine(strings.TrimSpace(string(data)), "key file "+path)
}

// oneLine refuses what cannot stand in a header, before a library shows it in its own
// error.
func oneLine(value, where string) (Secret, error) {
	switch {
	case value == "":
		return Secret{}, agent.Errorf(agent.Invalid, "%s is empty", where)
	case len(value) > maxLine || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return Secret{}, agent.Errorf(agent.Invalid, "%s holds something else than one key", where)
	}
	return Secret{&value}, nil
}

// keyFile reads a file that nobody but its owner can read. On Windows the modes say
// nothing about that, and are not looked at.
func (m Machine) keyFile(path string) ([]byte, error) {
	data, err := readFile(path)
	if err == nil && data == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "key file %s cannot be read: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "key file %s cannot be read: %w", path, err)
	}
	if mode := info.Mode().Perm(); m.OS != "windows" && mode&0o077 != 0 {
		return nil, agent.Errorf(agent.Invalid, "key file %s can be read by others (mode %o)", path, mode).
			WithHint("chmod 600 " + path)
	}
	return data, nil
}
