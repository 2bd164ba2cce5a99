package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"codeagent.dev/agent/patch"
)

const inNamespaceOf = "DISK_TEST_NAMESPACE"

// inNamespace runs the test again in a user and mount namespace, as the user uid of it,
// and reports whether this is that run. As root a test can mount; as another user
// permissions count, whoever runs the tests.
func inNamespace(t *testing.T, uid int) bool {
	t.Helper()
	if os.Getenv(inNamespaceOf) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), inNamespaceOf+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Skipf("user namespaces are not available: %v", err)
	}
	if err != nil {
		t.Errorf("in a namespace: %v\n%s", err, out)
	} else if !strings.Contains(string(out), "--- PASS") {
		t.Skipf("skipped in a namespace:\n%s", out)
	}
	return false
}

func TestWriteIntoAReadOnlyDirectory(t *testing.T) {
	if !inNamespace(t, 1000) {
		return
	}
	for _, writes := range [][]patch.Write{
		{file("a", "2\n"), file("locked/f", "2\n"), file("z", "2\n")},
		{gone("a"), gone("locked/f")},
		{file("a", "2\n"), file("locked/new", "n\n")},
		{file("locked/new/deep", "n\n"), file("a", "2\n")},
	} {
		s := newSandbox(t, map[string]string{"a": "1\n", "locked/f": "1\n", "z": "1\n"})
		locked := filepath.Join(s.dir, "locked")
		if err := os.Chmod(locked, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(locked, 0o755) })
		before := s.photo()
		if err := s.open().Write(t.Context(), writes); !errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), "locked") {
			t.Errorf("%v: got %v", writes, err)
		}
		s.expect("after a write into a read-only directory", before)
	}
}

func TestWriteOnAFullDisk(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	s := newSandbox(t, nil)
	if err := syscall.Mount("tmpfs", s.dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(s.dir, 0) })
	var writes []patch.Write
	for i := range 40 {
		name := fmt.Sprintf("f%d", i)
		if i%2 == 0 {
			s.put(name, "old\n")
		}
		writes = append(writes, file(name, strings.Repeat("new\n", 4096)))
	}
	before := s.photo()
	if err := s.open().Write(t.Context(), writes); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	s.expect("after a write to a full disk", before)
}

// A directory of the tree may be another file system, as in containers.
func TestWriteIntoAMount(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	s := newSandbox(t, map[string]string{"f": "1\n", "mount/": ""})
	if err := syscall.Mount("tmpfs", filepath.Join(s.dir, "mount"), "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(filepath.Join(s.dir, "mount"), 0) })
	s.put("mount/d/f", "1\n")
	s.put("mount/g", "1\n")
	writes := []patch.Write{gone("mount/d/f"), file("f", "2\n"), file("mount/g", "2\n"), file("mount/new", "n\n")}
	before := s.photo()
	tree := s.open()
	tree.fault = func(op, _ string) error {
		if op == "accept" {
			return errFault
		}
		return nil
	}
	if err := tree.Write(t.Context(), writes); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	s.expect("after a failure", before)
	if err := s.open().Write(t.Context(), writes); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, "mount", "g")); err != nil || string(data) != "2\n" {
		t.Errorf("got %q, %v", data, err)
	}
}
