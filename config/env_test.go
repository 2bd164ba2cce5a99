package config_test

import (
	"testing"

	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

func TestEnv(t *testing.T) {
	tests := []struct {
		name, os, allow string
		environ         []string
		want            map[string]string
	}{
		{"built-in", "linux", "default",
			[]string{"PATH=/bin", "LC_ALL=C", "LC_=x", "EDITOR=vi", "TERM=xterm", "GITHUB_TOKEN=t", "XDG_SESSION_ID=4", "SSH_AUTH_SOCK=/s", "PATH2=x"},
			map[string]string{"PATH": "/bin", "LC_ALL": "C", "LC_": "x"}},
		{"more", "linux", "default,EDITOR,MY_*",
			[]string{"PATH=/bin", "EDITOR=vi", "MY_A=1=2", "MY_B=", "OTHER=1"},
			map[string]string{"PATH": "/bin", "EDITOR": "vi", "MY_A": "1=2", "MY_B": ""}},
		{"only", "linux", "EDITOR", []string{"PATH=/bin", "EDITOR=vi"}, map[string]string{"EDITOR": "vi"}},
		{"a prefix passes no secret", "linux", "GITHUB_*,CGO_*",
			[]string{"GITHUB_TOKEN=t", "GITHUB_REF=r", "CGO_PASSWORD=p"}, map[string]string{"GITHUB_REF": "r"}},
		{"its whole name does", "linux", "GITHUB_TOKEN", []string{"GITHUB_TOKEN=t"}, map[string]string{"GITHUB_TOKEN": "t"}},
		{"password in a proxy", "linux", "default",
			[]string{"HTTPS_PROXY=http://ada:pw@proxy:1", "HTTP_PROXY=http://proxy:1", "GOPROXY=https://a.example,https://tok@b.example/x", "no_proxy=a@b"},
			map[string]string{"HTTP_PROXY": "http://proxy:1", "no_proxy": "a@b"}},
		{"windows ignores case", "windows", "default,foo_*",
			[]string{"Path=C:", "SYSTEMROOT=C:W", "=C:=C:d", "FOO_A=1", "ProgramFiles(x86)=p"},
			map[string]string{"Path": "C:", "SYSTEMROOT": "C:W", "FOO_A": "1", "ProgramFiles(x86)": "p"}},
		{"unix does not", "linux", "default", []string{"Path=x", "SystemRoot=y"}, map[string]string{}},
		{"broken pairs", "linux", "default", []string{"PATH", "=x", ""}, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := machine(tt.os, map[string]string{"AGENT_ENV_ALLOW": tt.allow}).Load(config.Sources{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, c.Env(tt.environ)); diff != "" {
				t.Errorf("environment differs (-want +got):\n%s", diff)
			}
		})
	}
}
