//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLoginPath(t *testing.T) {
	home := t.TempDir()
	profile := "echo a greeting\nPATH=/opt/mine/bin:$PATH\n"
	if err := os.WriteFile(filepath.Join(home, ".profile"), []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SHELL": "/bin/sh", "HOME": home, "PATH": "/usr/bin:/bin"}
	got := loginPath(func(name string) string { return env[name] })
	if want := "/opt/mine/bin:/usr/bin:/bin"; joinPaths(got) == "" || filepath.SplitList(got)[0] != "/opt/mine/bin" {
		t.Errorf("%q, want something like %q", got, want)
	}
	if all := joinPaths("/usr/bin:/bin", got, ""); all != "/usr/bin:/bin:/opt/mine/bin" && filepath.SplitList(all)[0] != "/usr/bin" {
		t.Errorf("joined: %q", all)
	}
	for name, bad := range map[string]map[string]string{
		"no shell": {"HOME": home}, "not absolute": {"SHELL": "sh", "HOME": home}, "a shell that fails": {"SHELL": "/bin/false", "HOME": home},
		"no such shell": {"SHELL": "/no/such", "HOME": home}, "no home": {"SHELL": "/bin/sh"},
	} {
		if got := loginPath(func(name string) string { return bad[name] }); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
