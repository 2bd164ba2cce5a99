package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestPublishedSchemaIsCurrent(t *testing.T) {
	file := filepath.Join("..", config.SchemaFile)
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, config.Schema()) {
		t.Errorf("%s is not what the table of settings makes: go run ./cmd/agent config schema >%s", file, config.SchemaFile)
	}
}

// compiled is the schema, which must itself be valid.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	meta, err := c.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Fatalf("it is no schema: %v", err)
	}
	if err := c.AddResource(config.SchemaFile, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(config.SchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Documents, and whether they are right. The schema and our own reader agree on them.
var documents = []struct {
	right bool
	text  string
}{
	{true, ""},
	{true, "# nothing\n"},
	{true, "checks:\n"},
	{true, "checks: [make test, go vet ./...]\n"},
	{true, "checks:\n  - {name: t, run: make, dir: sub/x, time: 1m30s}\n  - run: a\n    name:\n"},
	{false, "checks: make\n"},
	{false, "checks:\n  make: test\n"},
	{false, "checks: [{name: t}]\n"},
	{false, "checks: [{run: ''}]\n"},
	{false, "checks: ['  ']\n"},
	{false, "checks: [{run: a, tme: 5m}]\n"},
	{false, "checks: [{run: a, dir: ../x}]\n"},
	{false, "checks: [{run: a, dir: /x}]\n"},
	{false, "checks: [{run: a, time: soon}]\n"},
	{false, "checks: [{run: a, time: 5}]\n"},
	{false, "checks: [[a]]\n"},
	{false, "checks: [" + strings.Repeat("a,", agent.MaxChecks) + "b]\n"},
	{false, "chekcs: [a]\n"},
	{true, "hooks:\n"},
	{true, "hooks: {post-commit: [{patch: test it, paths: ['**/*.go'], branches: [main, 'feature/*'], variants: 2, each: true}]}\n"},
	{true, "hooks: {post-merge: [{run: make}], pre-push: [{require: verified, branches: [main]}]}\n"},
	{false, "hooks: {post-commit: [{patch: a, run: b}]}\n"},
	{false, "hooks: {post-commit: [{paths: [a]}]}\n"},
	{false, "hooks: {post-commit: [{patch: ' '}]}\n"},
	{false, "hooks: {post-commit: {patch: a}}\n"},
	{false, "hooks: {post-merge: [{patch: a, each: true}]}\n"},
	{false, "hooks: {pre-push: [{patch: a}]}\n"},
	{false, "hooks: {post-commit: [{require: verified}]}\n"},
	{false, "hooks: {post-commit: [{patch: a, paths: [/x]}]}\n"},
	{false, "hooks: {post-commit: [{patch: a, variants: 0}]}\n"},
	{false, "hooks: {pre-commit: [{patch: a}]}\n"},
	{true, "watch: true\n"},
	{true, "watch: false\n"},
	{false, "watch: maybe\n"},
	{false, "watch: 1\n"},
	{false, "watch: {repos: [/x]}\n"},
	{true, "limits: {make: 5m, check: 1h30m, output: 64MiB, tokens: 200k, cost: 0.5, files: 3, lines: 100, idle: 2d, paths: [src, docs/a.md]}\n"},
	{true, "limits: {output: 4096, tokens: 8192, cost: $0.50, paths: src}\n"},
	{true, "limits:\n"},
	{false, "limits: 5\n"},
	{false, "limits: {make: 5}\n"},
	{false, "limits: {make: 5 minutes}\n"},
	{false, "limits: {make: -5m}\n"},
	{false, "limits: {output: 64 monkeys}\n"},
	{false, "limits: {tokens: many}\n"},
	{false, "limits: {cost: -1}\n"},
	{false, "limits: {cost: cheap}\n"},
	{false, "limits: {files: -1}\n"},
	{false, "limits: {files: 1.5}\n"},
	{false, "limits: {paths: [../x]}\n"},
	{false, "limits: {paths: ['']}\n"},
	{false, "limits: {maek: 5m}\n"},
	{false, "limits.make: 5m\n"},
	{true, "variants: 3\n"},
	{false, "variants: 0\n"},
	{false, "variants: 33\n"},
	{false, "variants: three\n"},
	{false, "variants: [3]\n"},
	{false, "variants: auto\n"},
	{true, "tries: auto\n"},
	{true, "tries: 2\n"},
	{true, "until: verified\n"},
	{false, "until: never\n"},
	{true, "context: {tokens: 32k}\n"},
	{true, "context: {tokens: auto}\n"},
	{false, "context: {tokens: 10}\n"},
	{true, "author: Ada <ada@example.org>\n"},
	{true, "author: ''\n"},
	{false, "author: Ada\n"},
	{true, "makers: [claude, ollama/qwen3]\n"},
	{true, "makers: claude,codex\n"},
	{true, "makers: []\n"},
	{false, "makers: ['']\n"},
	{false, "makers: 'a,,b'\n"},
	{false, "workers: 3\n"},
	{false, "env: {allow: [A]}\n"},
	{false, "providers: {a: {url: 'http://localhost'}}\n"},
	{false, "- a\n"},
	{false, "text\n"},
}

func TestSchemaAgreesWithTheReader(t *testing.T) {
	s := compiled(t)
	for _, d := range documents {
		if _, err := config.ReadRepo([]byte(d.text)); (err == nil) != d.right {
			t.Errorf("%q: the reader says %v", d.text, err)
		}
		var value any
		if err := yaml.Unmarshal([]byte(d.text), &value); err != nil {
			t.Fatalf("%q: %v", d.text, err)
		}
		if err := s.Validate(value); (err == nil) != d.right {
			t.Errorf("%q: the schema says %v", d.text, err)
		}
	}
}

// What `agent init` writes is right, with everything in it switched on.
func TestSchemaTakesTheTemplate(t *testing.T) {
	s := compiled(t)
	var value any
	if err := yaml.Unmarshal(live(config.Template(nil)), &value); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(value); err != nil {
		t.Error(err)
	}
}

func TestValidateFindsEveryMistake(t *testing.T) {
	text := "chekcs:\n  - x\nlimits:\n  make: 5\n  maek: 3m\nworkers: 3\nproviders: {a: {}}\nchecks:\n  - run: ''\n  - {run: a, tme: 3}\n  - ok\nuntil: never\n"
	var lines []string
	for _, err := range config.Validate("x/"+config.RepoFile, []byte(text)) {
		first, _, _ := strings.Cut(err.Error(), "\n")
		lines = append(lines, first)
		if agent.CodeOf(err) != agent.Invalid {
			t.Errorf("%v has the code %v", err, agent.CodeOf(err))
		}
	}
	file := "x/" + config.RepoFile
	want := []string{
		file + `:1: there is no setting "chekcs"`,
		file + `:4: limits.make: "5" is no duration; write 90s, 10m, 2h or 30d`,
		file + `:5: there is no setting "limits.maek"`,
		file + `:6: workers is a person's setting, a repository cannot make it`,
		file + `:7: providers are a person's settings, a repository cannot make them`,
		file + `:9: the check has no command`,
		file + `:10: there is no setting "tme"`,
		file + `:12: until: "never" is not possible; write all or verified`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if errs := config.Validate("config.yaml", []byte("workers: 3\nlease: soon\nwatch: {repos: [here]}\n")); len(errs) != 2 {
		t.Errorf("a person's settings: %v", errs)
	}
	if errs := config.Validate(config.RepoFile, []byte("a: [\n")); len(errs) != 1 {
		t.Errorf("no YAML: %v", errs)
	}
	if errs := config.Validate(".agent.yml", nil); len(errs) != 1 || !strings.Contains(errs[0].Error(), "is not read") {
		t.Errorf("under a name that nobody reads: %v", errs)
	}
	if errs := config.Validate(config.RepoFile, config.Template(nil)); errs != nil {
		t.Errorf("what init writes: %v", errs)
	}
}
