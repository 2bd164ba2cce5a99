package config

import (
	"encoding/json"
	"strings"
)

func golang(d dir) []find {
	if d.has("go.mod") == "" {
		return nil
	}
	return []find{{build, "go build ./..."}, {lint, "go vet ./..."}, {test, "go test ./..."}}
}

// node proposes what package.json's scripts name. A clean checkout has no
// node_modules, so the package manager of the lock file fetches them first.
func node(d dir) []find {
	var p struct {
		PackageManager  string            `json:"packageManager"`
		Scripts         map[string]string `json:"scripts"`
		Dependencies    map[string]any    `json:"dependencies"`
		DevDependencies map[string]any    `json:"devDependencies"`
	}
	if json.Unmarshal([]byte(d.read("package.json")), &p) != nil {
		return nil
	}
	manager, fetch := nodeManager(d, p.PackageManager)
	finds := scripts(p.Scripts, manager+" run ")
	if len(finds) == 0 || len(p.Dependencies)+len(p.DevDependencies) == 0 {
		return finds
	}
	return append([]find{{prepare, fetch}}, finds...)
}

func nodeManager(d dir, wanted string) (manager, fetch string) {
	manager, _, _ = strings.Cut(wanted, "@")
	if manager == "" {
		switch d.has("pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb") {
		case "pnpm-lock.yaml":
			manager = "pnpm"
		case "yarn.lock":
			manager = "yarn"
		case "bun.lock", "bun.lockb":
			manager = "bun"
		}
	}
	switch {
	case manager == "pnpm" || manager == "bun":
		return manager, manager + " install --frozen-lockfile"
	case manager == "yarn" && d.has(".yarnrc.yml") != "": // version 2 and later
		return manager, "yarn install --immutable"
	case manager == "yarn":
		return manager, "yarn install --frozen-lockfile"
	case d.has("package-lock.json", "npm-shrinkwrap.json") != "":
		return "npm", "npm ci"
	}
	return "npm", "npm install"
}

// scripts proposes the scripts, tasks or targets of a manifest that have a name
// everybody understands.
func scripts(have map[string]string, run string) []find {
	var finds []find
	for _, group := range []struct {
		role  role
		names []string
	}{
		{build, []string{"typecheck", "type-check", "check-types", "check:types"}},
		{lint, []string{"lint"}},
		{test, []string{"test"}},
	} {
		for _, n := range group.names {
			// What `npm init` writes always fails.
			if text := have[n]; text != "" && !strings.Contains(text, "no test specified") {
				finds = append(finds, find{group.role, run + n})
				break
			}
		}
	}
	return finds
}

func deno(d dir) []find {
	var p struct {
		Tasks map[string]any `json:"tasks"`
	}
	if json.Unmarshal([]byte(d.read("deno.json")), &p) != nil {
		return nil
	}
	tasks := map[string]string{}
	for name := range p.Tasks {
		tasks[name] = name
	}
	return scripts(tasks, "deno task ")
}

func rust(d dir) []find {
	text := d.read("Cargo.toml")
	if text == "" {
		return nil
	}
	all := ""
	if table(text, "workspace") {
		all = " --workspace"
	}
	return []find{{build, "cargo build" + all + " --all-targets"}, {test, "cargo test" + all}}
}

// python proposes the tools that have settings here, run by the manager of the lock
// file.
func python(d dir) []find {
	project, setup := d.read("pyproject.toml"), d.read("setup.cfg")
	run, module := "", "python3 -m "
	switch d.has("uv.lock", "poetry.lock", "pdm.lock") {
	case "uv.lock":
		run, module = "uv run ", "uv run "
	case "poetry.lock":
		run, module = "poetry run ", "poetry run "
	case "pdm.lock":
		run, module = "pdm run ", "pdm run "
	}
	var finds []find
	if d.has("ruff.toml", ".ruff.toml") != "" || table(project, "tool.ruff") {
		finds = append(finds, find{lint, run + "ruff check"})
	}
	switch {
	case d.has("pytest.ini", ".pytest.ini", "conftest.py") != "" || table(project, "tool.pytest") || table(setup, "tool:pytest"):
		finds = append(finds, find{test, module + "pytest"})
	case d.has("tox.ini") != "" || table(project, "tool.tox") || table(setup, "tox:tox"):
		finds = append(finds, find{test, run + "tox"})
	case d.has("noxfile.py") != "":
		finds = append(finds, find{test, run + "nox"})
	}
	return finds
}

// table reports whether a TOML or INI text has the table, or one below it.
func table(text, name string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimSpace(line), "[")
		if rest, ok := strings.CutPrefix(line, name); ok && (strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, ".")) {
			return true
		}
	}
	return false
}

func ruby(d dir) []find {
	run := ""
	if d.has("Gemfile") != "" {
		run = "bundle exec "
	}
	var finds []find
	if d.has(".rubocop.yml") != "" {
		finds = append(finds, find{lint, run + "rubocop"})
	}
	rake := d.read(d.has("Rakefile", "rakefile", "Rakefile.rb"))
	switch {
	case strings.Contains(rake, "TestTask") || strings.Contains(rake, "task :test") || strings.Contains(rake, "task test:"):
		finds = append(finds, find{test, run + "rake test"})
	case d.has(".rspec") != "":
		finds = append(finds, find{test, run + "rspec"})
	}
	return finds
}

func php(d dir) []find {
	var p struct {
		Scripts map[string]any `json:"scripts"`
	}
	if json.Unmarshal([]byte(d.read("composer.json")), &p) != nil {
		return nil
	}
	names := map[string]string{}
	for name := range p.Scripts {
		names[name] = name
	}
	finds := scripts(names, "composer run-script ")
	if d.has("phpunit.xml", "phpunit.xml.dist") != "" && names["test"] == "" {
		finds = append(finds, find{test, "vendor/bin/phpunit"})
	}
	if len(finds) == 0 {
		return nil
	}
	return append([]find{{prepare, "composer install --no-interaction"}}, finds...)
}

func elixir(d dir) []find {
	if d.has("mix.exs") == "" {
		return nil
	}
	return []find{{prepare, "mix deps.get"}, {test, "mix test"}}
}

func gradle(d dir) []find {
	if d.has("gradlew") != "" {
		return []find{{test, "./gradlew check"}}
	}
	if d.has("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts") != "" {
		return []find{{test, "gradle check"}}
	}
	return nil
}

func maven(d dir) []find {
	if d.has("pom.xml") == "" {
		return nil
	}
	if d.has("mvnw") != "" {
		return []find{{test, "./mvnw -B verify"}}
	}
	return []find{{test, "mvn -B verify"}}
}

func sbt(d dir) []find {
	if d.has("build.sbt") == "" {
		return nil
	}
	return []find{{test, "sbt test"}}
}

// dotnet needs exactly one solution, or one project and no solution: otherwise the
// command asks which one is meant.
func dotnet(d dir) []find {
	solutions, projects := d.count(".sln", ".slnx"), d.count(".csproj", ".fsproj", ".vbproj")
	if solutions != 1 && (solutions > 0 || projects != 1) {
		return nil
	}
	return []find{{build, "dotnet build"}, {test, "dotnet test"}}
}

func swift(d dir) []find {
	if d.has("Package.swift") == "" {
		return nil
	}
	return []find{{build, "swift build"}, {test, "swift test"}}
}

func cmake(d dir) []find {
	text := d.read("CMakeLists.txt")
	if !strings.Contains(text, "project(") { // a part of a larger project
		return nil
	}
	finds := []find{{build, "cmake -S . -B build && cmake --build build"}}
	if strings.Contains(text, "enable_testing(") || strings.Contains(text, "include(CTest)") {
		finds = append(finds, find{test, "ctest --test-dir build --output-on-failure"})
	}
	return finds
}
