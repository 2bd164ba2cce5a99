package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

func TestReadRepo(t *testing.T) {
	tests := []struct {
		name, text string
		want       config.Repo
	}{
		{"empty", "", config.Repo{}},
		{"comments", "# nothing yet\n", config.Repo{}},
		{"keys left empty", "checks:\nlimits:\nvariants:\n", config.Repo{}},
		{"byte order mark and CRLF", "\ufeffvariants: 2 # two\r\nchecks: # all\r\n  - make\r\n", config.Repo{Variants: 2, Checks: []agent.Check{{Run: "make"}}}},
		{"document marks", "---\ntries: 2\n", config.Repo{Tries: 2}},
		{"whole", `
checks:
  - go test ./...
  - true
  - name: ui
    run: |
      npm ci
      npm test
    dir: web/ui
    time: 1h30m
limits:
  make: 20m
  check: 90s
  output: 1MiB
  tokens: 1.5M
  cost: 0.125
  files: 20
  lines: 800
  idle: 2m
  paths: [src, "docs/a b"]
variants: 3
tries: 2
makers: [scripted:a.txtar]
author: Ada Lovelace <ada@example.org>
until: verified
context:
  tokens: 32k
hooks:
  post-commit:
    - patch: update the tests
      paths: ["**/*.go", 'docs/{a,b}/*']
      branches: main
      variants: 2
      each: true
    - run: gofmt -w .
  post-merge:
  pre-push: [{require: verified, branches: [main]}]
`, config.Repo{
			Hooks: map[string][]config.HookRule{
				"post-commit": {
					{Patch: "update the tests", Paths: []string{"**/*.go", "docs/{a,b}/*"}, Branches: []string{"main"}, Variants: 2, Each: true},
					{Run: "gofmt -w ."},
				},
				"pre-push": {{Require: "verified", Branches: []string{"main"}}},
			},
			Checks: []agent.Check{
				{Run: "go test ./..."}, {Run: "true"},
				{Name: "ui", Run: "npm ci\nnpm test\n", Dir: "web/ui", Time: agent.Duration(90 * time.Minute)},
			},
			Limits: agent.Limits{
				Make: agent.Duration(20 * time.Minute), Check: agent.Duration(90 * time.Second), Output: 1 << 20, Paths: []string{"src", "docs/a b"},
				Tokens: 1.5e6, MicroUSD: 125_000, Files: 20, Lines: 800, Idle: agent.Duration(2 * time.Minute),
			},
			Until: "verified", ContextTokens: 32000,
			Variants: 3, Tries: 2, Makers: []string{"scripted:a.txtar"}, Author: "Ada Lovelace <ada@example.org>",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.ReadRepo([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("settings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRepoErrors(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
		want       string
	}{
		{"near", "chekcs: [a]\n", 1, `there is no setting "chekcs"`},
		{"not a list", "checks: make\n", 1, "checks is a list"},
		{"as in the user's file", "checks:\n  parallel: 2\n", 1, "checks is one value"},
		{"key of a check", "checks:\n  - rnu: make\n", 2, `there is no setting "rnu"`},
		{"no command", "checks:\n  - a\n  - name: x\n", 3, "the check has no command"},
		{"blank command", "checks: [a, ' ']\n", 1, "the check has no command"},
		{"null check", "checks:\n  -\n", 2, "a check is a command"},
		{"twice", "checks:\n  - a\n  - name: a\n    run: b\n", 3, `two checks are named "a"`},
		{"outside", "checks:\n  - run: a\n    dir: ../x\n", 2, "outside the repository"},
		{"outside on windows", "checks:\n  - run: a\n    dir: ..\\x\n", 2, "outside the repository"},
		{"absolute", "checks:\n  - run: a\n    dir: /x\n", 2, "outside the repository"},
		{"name of two lines", "checks:\n  - run: a\n    name: \"x\\ny\"\n", 2, "not one line"},
		{"time", "checks:\n  - run: a\n    time: soon\n", 3, "is no time limit"},
		{"no time", "checks:\n  - run: a\n    time: 0\n", 3, "is no time limit"},
		{"list for text", "checks:\n  - run: [a]\n", 2, "run of a check is one text"},
		{"path", "limits: {paths: [/etc]}\n", 1, `"/etc" is outside`},
		{"empty path", "limits: {paths: ['']}\n", 1, `"" is outside`},
		{"alias", "makers: &a [x]\nauthor: *a\n", 1, "anchors, aliases and tags"},
		{"merge", "limits:\n  <<: {make: 1m}\n", 2, "no name of a setting"},
		{"tag", "author: !!str x\n", 1, "anchors, aliases and tags"},
		{"control character", "variants: 1\nauthor: \x1b[31m\n", 2, "control character"},
		{"not UTF-8", "author: \xff\n", 1, "not UTF-8"},
		{"long line", "author: " + strings.Repeat("a", 5000), 1, "the limit is 4096"},
		{"tab", "limits:\n\tmake: 1m\n", 2, "tab"},
		{"unclosed", "makers: [a,\n", 1, "not found"},
		{"no such hook", "hooks:\n  post-comit:\n    - run: a\n", 2, `there is no setting "hooks.post-comit"`},
		{"hook that is no list", "hooks:\n  post-commit: gofmt\n", 2, "hooks.post-commit is a list"},
		{"hook's entry", "hooks:\n  post-commit: [gofmt]\n", 2, "an entry of a hook is a mapping"},
		{"key of a hook", "hooks:\n  post-commit:\n    - pach: x\n", 3, `there is no setting "pach"`},
		{"hook without work", "hooks:\n  post-commit:\n    - paths: [a]\n", 3, "says not what to do"},
		{"hook with blank work", "hooks:\n  post-commit:\n    - patch: ' '\n", 3, "says not what to do"},
		{"two works", "hooks:\n  post-commit:\n    - patch: a\n      run: b\n", 3, "one of patch, run and require"},
		{"job before a push", "hooks:\n  pre-push:\n    - run: b\n", 3, "pre-push makes no jobs"},
		{"require elsewhere", "hooks:\n  post-merge:\n    - require: verified\n", 3, "only pre-push can require"},
		{"require what", "hooks:\n  pre-push:\n    - require: checked\n", 3, `"checked" cannot be required`},
		{"require of paths", "hooks:\n  pre-push:\n    - require: verified\n      paths: [a]\n", 3, "require goes with branches"},
		{"hook's variants", "hooks:\n  post-commit:\n    - run: a\n      variants: 99\n", 4, "no number of variants"},
		{"pattern", "hooks:\n  post-commit:\n    - run: a\n      paths: ['[a']\n", 4, `"[a" is no pattern`},
		{"each of a merge", "hooks:\n  post-merge:\n    - run: a\n      each: true\n", 3, "each is for post-commit"},
		{"each", "hooks:\n  post-commit:\n    - run: a\n      each: 1\n", 4, "each is true or false"},
		{"too many", "checks:\n" + strings.Repeat("  - a\n", 40), 1, "40 checks named; at most 32"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ReadRepo([]byte(tt.text))
			if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an Invalid error with %q", err, tt.want)
			}
			file, ok := errors.AsType[*config.FileError](err)
			if !ok || file.File != ".agent.yaml" || file.Line != tt.line {
				t.Errorf("got %+v, want line %d", file, tt.line)
			}
		})
	}
}

// TestReadRepoBombs holds the bounds against files made to be slow: a parser that
// gets them costs seconds each.
func TestReadRepoBombs(t *testing.T) {
	lol := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		lol += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 8) + "]\n"
	}
	for name, text := range map[string]string{
		"laughs":          lol,
		"brackets":        "checks: " + strings.Repeat("[", 4000),
		"bracket lines":   strings.Repeat("[\n", 30000),
		"braces":          strings.Repeat("{a: ", 1000),
		"dashes":          strings.Repeat("- ", 2000),
		"lines of dashes": strings.Repeat(strings.Repeat("- ", 2000)+"\n", 16),
		"documents":       strings.Repeat("--- 1\n", 10000),
		"deep mapping":    deep(300),
		"size":            strings.Repeat("#\n", 40000),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := config.ReadRepo([]byte(text))
			if agent.CodeOf(err) != agent.Invalid {
				t.Errorf("got %v, want an Invalid error", err)
			}
			if took := time.Since(start); took > time.Minute { // seconds on a quiet machine, also with the race detector
				t.Errorf("took %v", took)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
			t.Log(time.Since(start))
		})
	}
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func FuzzReadRepo(f *testing.F) {
	for _, seed := range []string{
		"checks:\n  - go test ./...\n  - {name: a, run: b, dir: c, time: 1m}\n", "limits:\n  make: 1d\n  paths: [a]\n",
		"limits: {tokens: 1.5M, cost: $0.5, files: 1, lines: 2, idle: 1m}\nuntil: verified\ncontext: {tokens: 32k}\ntries: auto\n",
		"variants: 3\ntries: 2\nmakers: [a]\nauthor: A <a@b.c>\n", "a: &x 1\nb: *x\n", "? [a]\n: 1\n", "a: |\n  x\n", "\ta: 1", "- - - -",
		"{", "[", "\"", "'", "%YAML 1.2\n---\n", "<<: {a: 1}", "a: !!binary x", "a: >-\n x\n\n y", "checks:\n- a # b\n#c\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		repo, err := config.ReadRepo(data)
		if err != nil {
			if agent.CodeOf(err) != agent.Invalid {
				t.Errorf("error %v has code %s", err, agent.CodeOf(err))
			}
			if strings.ContainsAny(err.Error(), "\x1b\x00\r") {
				t.Errorf("error %q can move a cursor", err)
			}
			return
		}
		spec := agent.Spec{
			Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40),
			Checks: repo.Checks, Limits: repo.Limits, Variants: repo.Variants, Tries: repo.Tries, Author: repo.Author, Until: agent.Until(repo.Until),
		}
		if err := spec.Validate(); err != nil && !strings.Contains(err.Error(), "two checks are named") {
			t.Errorf("accepted, but no job can be made of it: %v", err)
		}
	})
}
