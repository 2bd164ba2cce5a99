package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
)

// refused opens path and wants an error that names it.
func refused(t *testing.T, path string, code agent.Code, hint string) {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Path: path, LockWait: time.Millisecond})
	if err == nil {
		closeStore(t, s)
		t.Fatal("it was opened")
	}
	if agent.CodeOf(err) != code || !strings.Contains(err.Error(), path) || !strings.Contains(agent.HintOf(err), hint) {
		t.Errorf("error %q has code %q and hint %q; want code %s, the path, and hint %s", err, agent.CodeOf(err), agent.HintOf(err), code, hint)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %q", err)
	}
	if looked := bolt.Check(path); looked == nil || looked.Error() != err.Error() {
		t.Errorf("Check says %v, Open %v", looked, err)
	}
}

func TestOpenHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := openAt(t, path)
	defer closeStore(t, s)
	refused(t, path, agent.Unavailable, "agent daemon status")
}

func TestOpenDamaged(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	s := openAt(t, whole)
	for range 200 {
		must[agent.Job](t)(s.Submit(t.Context(), spec(strings.Repeat("x", 1000))))
	}
	var clean bytes.Buffer // as left by a kill: without the mark of a good close
	if err := s.Backup(t.Context(), &clean); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	page := os.Getpagesize()
	for name, damage := range map[string]func(file []byte) []byte{
		"garbage":       func([]byte) []byte { return bytes.Repeat([]byte("no database "), 10_000) },
		"short garbage": func([]byte) []byte { return []byte("x") },
		"cut short":     func(file []byte) []byte { return file[:len(file)/2] },
		"one page left": func(file []byte) []byte { return file[:page] },
		"pages overwritten": func(file []byte) []byte {
			for i := 2 * page; i < len(file); i++ {
				file[i] = 0xa5
			}
			return file
		},
		"pages zeroed": func(file []byte) []byte {
			clear(file[2*page:])
			return file
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "agent.db")
			broken := damage(bytes.Clone(clean.Bytes()))
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, path, agent.Internal, "mv "+path)
			if after := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(after, broken) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

func TestOpenNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	closeStore(t, openAt(t, path))
	db := must[*bbolt.DB](t)(bbolt.Open(path, 0o600, nil))
	err := db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), binary.BigEndian.AppendUint64(nil, 99))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before := must[[]byte](t)(os.ReadFile(path))
	refused(t, path, agent.Protocol, "agent version")
	if after := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestOpenEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	must[agent.Job](t)(s.Submit(t.Context(), spec("x")))
	closeStore(t, s)
}

func TestOpenNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := bolt.Open(bolt.Options{Path: filepath.Join(file, "agent.db")})
	if agent.CodeOf(err) != agent.Unavailable || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v has code %q", err, agent.CodeOf(err))
	}
}

func TestOpenNoPermission(t *testing.T) {
	dir := t.TempDir()
	switch {
	case runtime.GOOS == "windows":
		t.Skip("needs Unix permissions")
	case os.Getuid() == 0 && runtime.GOOS == "linux":
		dir = "/sys" // where root may not write either
	case os.Getuid() == 0:
		t.Skip("needs a user other than root")
	default:
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	_, err := bolt.Open(bolt.Options{Path: filepath.Join(dir, "agent", "agent.db")})
	if !errors.Is(err, fs.ErrPermission) || agent.CodeOf(err) != agent.Unavailable || !strings.Contains(agent.HintOf(err), "ls -ld") {
		t.Errorf("error %v has code %q and hint %q", err, agent.CodeOf(err), agent.HintOf(err))
	}
}
