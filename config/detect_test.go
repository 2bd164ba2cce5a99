package config_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

func TestDetect(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string // commands, "dir: command" below the top
	}{
		{"nothing", map[string]string{"README.md": "# go test\n"}, nil},
		{"go", map[string]string{"go.mod": "module a\n"}, []string{"go build ./...", "go vet ./...", "go test ./..."}},
		{"go wins over make", map[string]string{"go.mod": "module a\n", "Makefile": "test:\n\tgo test ./...\nlint: ; x\n"},
			[]string{"go build ./...", "go vet ./...", "go test ./..."}},
		{"npm", map[string]string{"package.json": `{"scripts":{"test":"jest","lint":"eslint","typecheck":"tsc","start":"x"},"devDependencies":{"jest":"1"}}`, "package-lock.json": "{}"},
			[]string{"npm ci", "npm run typecheck", "npm run lint", "npm run test"}},
		{"npm without lock", map[string]string{"package.json": `{"scripts":{"test":"jest"},"dependencies":{"jest":"1"}}`}, []string{"npm install", "npm run test"}},
		{"npm without dependencies", map[string]string{"package.json": `{"scripts":{"test":"node --test"}}`}, []string{"npm run test"}},
		{"npm init's test", map[string]string{"package.json": `{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"},"dependencies":{"a":"1"}}`}, nil},
		{"pnpm", map[string]string{"package.json": `{"scripts":{"test":"x","check-types":"tsc"},"dependencies":{"a":"1"}}`, "pnpm-lock.yaml": ""},
			[]string{"pnpm install --frozen-lockfile", "pnpm run check-types", "pnpm run test"}},
		{"yarn", map[string]string{"package.json": `{"scripts":{"test":"x"},"dependencies":{"a":"1"}}`, "yarn.lock": ""},
			[]string{"yarn install --frozen-lockfile", "yarn run test"}},
		{"newer yarn, named", map[string]string{"package.json": `{"packageManager":"yarn@4.1.0","scripts":{"test":"x"},"dependencies":{"a":"1"}}`, "package-lock.json": "{}", ".yarnrc.yml": ""},
			[]string{"yarn install --immutable", "yarn run test"}},
		{"bun", map[string]string{"package.json": `{"scripts":{"test":"x"},"dependencies":{"a":"1"}}`, "bun.lockb": ""},
			[]string{"bun install --frozen-lockfile", "bun run test"}},
		{"broken package.json", map[string]string{"package.json": `{"scripts":`}, nil},
		{"deno", map[string]string{"deno.json": `{"tasks":{"test":"deno test -A","lint":{"command":"deno lint"}}}`}, []string{"deno task lint", "deno task test"}},
		{"rust", map[string]string{"Cargo.toml": "[package]\nname = \"a\"\n"}, []string{"cargo build --all-targets", "cargo test"}},
		{"rust workspace", map[string]string{"Cargo.toml": "[workspace]\nmembers = []\n"}, []string{"cargo build --workspace --all-targets", "cargo test --workspace"}},
		{"pytest", map[string]string{"pyproject.toml": "[tool.pytest.ini_options]\n[tool.ruff]\n", "tox.ini": ""}, []string{"ruff check", "python3 -m pytest"}},
		{"pytest under uv", map[string]string{"pyproject.toml": "[project]\n[tool.ruff.lint]\n", "conftest.py": "", "uv.lock": ""}, []string{"uv run ruff check", "uv run pytest"}},
		{"pytest in setup.cfg", map[string]string{"setup.cfg": "[tool:pytest]\n", "poetry.lock": ""}, []string{"poetry run pytest"}},
		{"tox", map[string]string{"tox.ini": "[tox]\n"}, []string{"tox"}},
		{"nox", map[string]string{"noxfile.py": ""}, []string{"nox"}},
		{"python without a tool", map[string]string{"pyproject.toml": "[project]\nname = 'pytest'\n# [tool.pytest\n", "tests/test_a.py": ""}, nil},
		{"ruby", map[string]string{"Gemfile": "", "Rakefile": "Rake::TestTask.new\n", ".rubocop.yml": ""}, []string{"bundle exec rubocop", "bundle exec rake test"}},
		{"rspec", map[string]string{"Gemfile": "", ".rspec": ""}, []string{"bundle exec rspec"}},
		{"php", map[string]string{"composer.json": `{"scripts":{"lint":["a","b"]}}`, "phpunit.xml.dist": ""},
			[]string{"composer install --no-interaction", "composer run-script lint", "vendor/bin/phpunit"}},
		{"elixir", map[string]string{"mix.exs": ""}, []string{"mix deps.get", "mix test"}},
		{"gradle wrapper", map[string]string{"gradlew": "", "build.gradle.kts": ""}, []string{"./gradlew check"}},
		{"gradle", map[string]string{"build.gradle": ""}, []string{"gradle check"}},
		{"maven", map[string]string{"pom.xml": ""}, []string{"mvn -B verify"}},
		{"maven wrapper", map[string]string{"pom.xml": "", "mvnw": ""}, []string{"./mvnw -B verify"}},
		{"sbt", map[string]string{"build.sbt": ""}, []string{"sbt test"}},
		{"dotnet", map[string]string{"A.sln": "", "a.csproj": "", "b.csproj": ""}, []string{"dotnet build", "dotnet test"}},
		{"dotnet, two solutions", map[string]string{"A.sln": "", "B.sln": ""}, nil},
		{"swift", map[string]string{"Package.swift": ""}, []string{"swift build", "swift test"}},
		{"cmake", map[string]string{"CMakeLists.txt": "project(a)\nenable_testing()\n"},
			[]string{"cmake -S . -B build && cmake --build build", "ctest --test-dir build --output-on-failure"}},
		{"part of a cmake project", map[string]string{"CMakeLists.txt": "add_library(a a.c)\n"}, nil},
		{"make", map[string]string{"Makefile": "CC := cc\nlint_x = 1\ncheck: test\ntest all: a\n\t@echo lint: x\n# lint:\n"}, []string{"make test"}},
		{"make check", map[string]string{"makefile": "check::\n\ttrue\nlint:\n"}, []string{"make lint", "make check"}},
		{"make adds what a language lacks", map[string]string{"Cargo.toml": "[package]\n", "Makefile": "test:\nlint:\n"},
			[]string{"cargo build --all-targets", "cargo test", "make lint"}},
		{"just", map[string]string{"justfile": "set shell := ['sh']\nalias t := test\n@test: build\n  x\nlint file:\n  y\n"}, []string{"just test"}},
		{"task", map[string]string{"Taskfile.yml": "version: '3'\nvars:\n  lint: x\ntasks:\n  # all\n  build:\n    cmds:\n    - lint: x\n  test: &t\n    cmds: [x]\n"}, []string{"task test"}},
		{"first runner wins", map[string]string{"Makefile": "test:\n", "justfile": "test:\nlint:\n"}, []string{"make test", "just lint"}},
		{"two languages", map[string]string{"go.mod": "module a\n", "package.json": `{"scripts":{"test":"x"}}`},
			[]string{"go build ./...", "go vet ./...", "go test ./...", "npm run test"}},
		{"below the top", map[string]string{"api/go.mod": "module a\n", "web/package.json": `{"scripts":{"test":"x"}}`, "vendor/x/go.mod": "", "vendor/go.mod": "x", ".x/go.mod": "x"},
			[]string{"api: go build ./...", "api: go vet ./...", "api: go test ./...", "web: npm run test"}},
		{"top wins", map[string]string{"go.mod": "module a\n", "web/package.json": `{"scripts":{"test":"x"}}`}, []string{"go build ./...", "go vet ./...", "go test ./..."}},
		{"a directory of that name", map[string]string{"go.mod/x": "", "Makefile/x": "", "package.json/x": ""}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range tt.files {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			checks := config.Detect(tree)
			var got []string
			for _, c := range checks {
				got = append(got, c.Name)
				if strings.TrimPrefix(c.Name, c.Dir+": ") != c.Run {
					t.Errorf("check %q runs %q in %q", c.Name, c.Run, c.Dir)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("checks differ (-want +got):\n%s", diff)
			}
			spec := agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40), Checks: checks}
			if err := spec.Validate(); err != nil {
				t.Errorf("no job can be made of them: %v", err)
			}
		})
	}
}

func TestDetectBounds(t *testing.T) {
	tree := fstest.MapFS{"Makefile": {Data: []byte(strings.Repeat("#\n", 1<<20) + "test:\n")}}
	for i := range 40 {
		tree[string(rune('a'+i%26))+string(rune('a'+i/26))+"/go.mod"] = &fstest.MapFile{Data: []byte("module a\n")}
	}
	if n := len(config.Detect(tree)); n != agent.MaxChecks {
		t.Errorf("got %d checks, want at most %d", n, agent.MaxChecks)
	}
}
