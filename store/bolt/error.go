package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"

	berrors "go.etcd.io/bbolt/errors"

	"codeagent.dev/agent"
)

// errFault says that bbolt found, or ran into, a page that makes no sense.
var errFault = errors.New("unreadable page")

// errShort says that the end of the file is missing.
var errShort = errors.New("it is cut short")

// guard runs use; a panic in it, be it one of bbolt's own or a fault where the file
// is shorter than it should be, becomes an error.
func guard(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errFault, p)
		}
	}()
	return use()
}

// errDamaged is the error for a row that cannot be read.
func errDamaged(what string) error {
	return agent.Errorf(agent.Internal, "the database holds a damaged %s", what)
}

// damaged is the error for a file that bbolt cannot use.
func damaged(path string, err error) error {
	return agent.Errorf(agent.Internal, "the database %s is damaged: %w", path, err).
		WithHint("put a backup in its place, or start anew with: mv " + path + " " + path + ".damaged")
}

// openError explains why a file could not be opened.
func openError(path string, err error) error {
	if _, ok := errors.AsType[*agent.Error](err); ok {
		return err
	}
	dir := filepath.Dir(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return agent.Errorf(agent.Unavailable, "another process holds the database %s", path).
			WithHint("agent daemon status")
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum),
		errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrInvalidMapping), errors.Is(err, errFault), errors.Is(err, errShort):
		return damaged(path, err)
	case errors.Is(err, fs.ErrPermission):
		return agent.Errorf(agent.Unavailable, "the database cannot be opened: %w", err).
			WithHint("see who owns it with: ls -ld " + dir + " " + path)
	}
	return agent.Errorf(agent.Unavailable, "the database cannot be opened: %w", err).
		WithHint("AGENT_STATE_DIR names another directory for it")
}

// writeError explains why a commit failed.
func writeError(path string, err error) error {
	if _, ok := errors.AsType[*agent.Error](err); ok {
		return err
	}
	if errors.Is(err, errFault) {
		return damaged(path, err)
	}
	if refused(err) {
		return agent.Errorf(agent.Unavailable, "the database %s cannot grow: %w", path, err).
			WithHint("free some space: df -h " + filepath.Dir(path))
	}
	return agent.Errorf(agent.Unavailable, "the database %s can no longer be written: %w", path, err).
		WithHint("agent daemon restart")
}

// refused reports whether the system did not accept data at all, so that what is on
// disk is known to be the state before. After a failed sync it is not known.
func refused(err error) bool {
	path, ok := errors.AsType[*fs.PathError](err)
	return ok && path.Op == "write" || strings.HasPrefix(err.Error(), "file resize error")
}
