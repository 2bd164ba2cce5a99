package config_test

import (
	"testing"

	"codeagent.dev/agent/config"
)

func TestHookRuleTouches(t *testing.T) {
	tests := []struct {
		globs, files []string
		want         bool
	}{
		{nil, nil, true},
		{[]string{"**/*.go"}, nil, false},
		{[]string{"**/*.go"}, []string{"a.go"}, true},
		{[]string{"**/*.go"}, []string{"x/y/a.go"}, true},
		{[]string{"*.go"}, []string{"x/a.go"}, false},
		{[]string{"docs/**"}, []string{"docs"}, true},
		{[]string{"docs/**"}, []string{"docs/a/b.md"}, true},
		{[]string{"docs/**"}, []string{"docsx/a"}, false},
		{[]string{"{a,b}/*"}, []string{"b/x"}, true},
		{[]string{"a b/*"}, []string{"a b/\n"}, true},
		{[]string{"x", "y"}, []string{"z", "y"}, true},
	}
	for _, tt := range tests {
		if got := (config.HookRule{Paths: tt.globs}).Touches(tt.files); got != tt.want {
			t.Errorf("%q touches %q: %v, want %v", tt.globs, tt.files, got, tt.want)
		}
	}
}

func TestHookRuleOn(t *testing.T) {
	tests := []struct {
		globs  []string
		branch string
		want   bool
	}{
		{nil, "", true},
		{nil, "main", true},
		{[]string{"main"}, "", false},
		{[]string{"main", "feature/*"}, "feature/a", true},
		{[]string{"feature/*"}, "feature/a/b", false},
		{[]string{"feature/**"}, "feature/a/b", true},
		{[]string{"**"}, "", false},
	}
	for _, tt := range tests {
		if got := (config.HookRule{Branches: tt.globs}).On(tt.branch); got != tt.want {
			t.Errorf("%q on %q: %v, want %v", tt.globs, tt.branch, got, tt.want)
		}
	}
}
