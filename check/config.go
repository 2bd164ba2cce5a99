package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// config reports a change of what runs the checks. Files that hold other things as well
// are compared by the parts that concern checks. What only adds lines, none of which says
// to skip or ignore, is no warning: a new step of continuous integration proves more. So is
// what fixtures do, and a workflow that only publishes, unless a new line says so.
func config(c Change) []Finding {
	name := c.old()
	whole := wholeConfig(name) || c.New != nil && wholeConfig(c.Path)
	before, after := c.Old, c.New
	if !whole {
		part := partOf(name)
		if part == nil {
			return nil
		}
		before, after = part(c.Old), part(c.New)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	if ciFile(name) && !aboutChecks(before) && !aboutChecks(after) {
		return nil
	}
	mild := path.Base(name) == "conftest.py" || ciFile(name) && delivers(path.Base(name))
	f := Finding{Kind: ConfigChanged, Path: c.Path, Warning: true}
	switch {
	case c.New == nil:
		f.Text, f.Warning = "check configuration deleted", !ciFile(name) || !delivers(path.Base(name))
	case c.Old == nil:
		f.Text, f.Warning = "check configuration added", weakens(nil, after) != "" && !ciFile(name) // another workflow takes nothing from those there are
	default:
		f.Line, f.Text, f.Warning = difference(c.New, before, after)
		f.Warning = f.Warning && (!mild || weakens(before, after) != "")
	}
	return []Finding{f}
}

// difference says in one line how configuration differs, and whether it may be weaker:
// a line is gone or changed, or a new one says so.
func difference(file, before, after []byte) (line int, text string, warning bool) {
	gone, come := lineDiff(before, after), lineDiff(after, before)
	bad := weakens(before, after)
	left, fresh := settle(gone, come)
	if bad == "" && len(left)+len(fresh) == 0 {
		return 0, "check configuration changed in versions of tools, labels or comments", false
	}
	show := bad
	if show == "" && len(fresh) > 0 {
		show = fresh[0]
	}
	if show != "" {
		if i := bytes.Index(file, []byte(show)); i >= 0 {
			line = 1 + bytes.Count(file[:i], []byte("\n"))
		}
		text = "+ " + show
	}
	if len(left) > 0 {
		text = strings.TrimSpace("- " + left[0] + " " + text)
	}
	text = cut(fmt.Sprintf("check configuration changed, %d lines out and %d in: %s", len(gone), len(come), text), 200)
	return line, tidy(text), bad != "" || len(left) > 0
}

// lineDiff returns the trimmed lines of a that b does not have, without blank ones and comments.
func lineDiff(a, b []byte) []string {
	have := map[string]int{}
	for line := range strings.Lines(string(b)) {
		have[strings.TrimSpace(line)]++
	}
	var only []string
	for line := range strings.Lines(string(a)) {
		line = strings.TrimSpace(line)
		if have[line] > 0 {
			have[line]--
		} else if line != "" && line[0] != '#' && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "<!--") {
			only = append(only, line)
		}
	}
	return only
}

// aboutChecks reports whether a workflow of continuous integration checks anything: others
// publish, label or lock.
func aboutChecks(content []byte) bool {
	return contains(strings.ToLower(string(content)), []string{"test", "lint", "vet", "tox", "cover", "check:", "checks:", "pre-commit", "build", "make ", "cargo ", "mvn", "gradle"})
}

// weakening are words of a line that makes a check prove less.
var weakening = []string{
	"|| true", "||true", "continue-on-error", "allow_failure", "allow-failure", "--passwithnotests", "skip", "ignore", "exclude", "disable", "deselect", "xfail",
	"no-verify", "fail-under", "fail_under", "threshold", "exit 0", "--no-", "-run ", "-k ", ": off", "\"off\"", "if: false", "nofail", "testfailureignore", "collection_modifyitems",
}

// weakens returns the first new line that may make a check prove less, or "".
func weakens(before, after []byte) string {
	for _, line := range lineDiff(after, before) {
		if contains(strings.ToLower(line), weakening) {
			return line
		}
	}
	return ""
}

// wholeConfig reports whether a file is about checks alone.
func wholeConfig(name string) bool {
	base := path.Base(name)
	switch base {
	case ".agent.yaml", ".agent.yml", "pytest.ini", "conftest.py", "tox.ini", ".coveragerc", "noxfile.py", ".flake8", "mypy.ini", ".mypy.ini", "ruff.toml", ".ruff.toml", ".pylintrc", "pylintrc",
		"pyrightconfig.json", ".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "Jenkinsfile", ".drone.yml", ".woodpecker.yml", "bitbucket-pipelines.yml", "appveyor.yml", ".appveyor.yml",
		"codecov.yml", ".codecov.yml", ".nycrc", ".nycrc.json", ".mocharc.js", ".mocharc.json", ".mocharc.yml", ".mocharc.yaml", ".mocharc.cjs", ".eslintignore", "biome.json", "biome.jsonc",
		"karma.conf.js", "cypress.json", "phpunit.xml", "phpunit.xml.dist", "phpstan.neon", "phpstan.neon.dist", "psalm.xml", ".rspec", ".rubocop.yml", ".simplecov",
		"clippy.toml", ".clippy.toml", "rustfmt.toml", "nextest.toml", "checkstyle.xml", ".pre-commit-config.yaml", "lefthook.yml", ".golangci.yml", ".golangci.yaml", ".golangci.toml",
		".golangci.json", ".swiftlint.yml", "detekt.yml", ".clang-tidy":
		return true
	}
	for _, start := range []string{"jest.config.", "vitest.config.", "vitest.workspace.", "vitest.setup.", "jest.setup.", "playwright.config.", "cypress.config.", "eslint.config.", ".eslintrc", "karma.conf."} {
		if strings.HasPrefix(base, start) {
			return true
		}
	}
	return ciFile(name)
}

// ciFile reports whether a file lies where continuous integration or git hooks look.
func ciFile(name string) bool {
	for _, dir := range []string{".github/workflows/", ".github/actions/", ".circleci/", ".buildkite/", ".forgejo/workflows/", ".gitea/workflows/", ".ci/", ".husky/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}

// partOf returns what takes from a file the part that concerns checks, nil if the file has none.
func partOf(name string) func([]byte) []byte {
	switch base := path.Base(name); {
	case base == "package.json":
		return packageJSON
	case base == "Makefile", base == "makefile", base == "GNUmakefile", base == "justfile", base == "Justfile":
		return makeTargets
	case base == "pyproject.toml", base == "setup.cfg", base == "Cargo.toml", base == "bunfig.toml", base == "deno.json":
		return sections
	case base == "pom.xml", base == "build.gradle", base == "build.gradle.kts", base == "CMakeLists.txt", base == "tsconfig.json", base == "Taskfile.yml", base == "Rakefile",
		strings.HasPrefix(base, "vite.config."), strings.HasSuffix(base, ".csproj"), base == "composer.json":
		return mentions
	}
	return nil
}

// packageJSON returns the scripts and the settings of test tools, one a line.
func packageJSON(content []byte) []byte {
	var all map[string]json.RawMessage
	if content == nil || json.Unmarshal(content, &all) != nil {
		return nil
	}
	var out []string
	for _, key := range []string{"scripts", "jest", "vitest", "mocha", "ava", "nyc", "c8", "tap", "eslintConfig", "eslintIgnore", "lint-staged", "husky"} {
		if raw, ok := all[key]; ok {
			var values map[string]json.RawMessage
			if json.Unmarshal(raw, &values) != nil {
				values = map[string]json.RawMessage{"": raw}
			}
			for name, value := range values {
				if key != "scripts" || concerns(name) {
					out = append(out, fmt.Sprintf("%q: %s", name, value))
				}
			}
		}
	}
	slices.Sort(out)
	return []byte(strings.Join(out, "\n"))
}

// concerns reports whether a name of a script, a target or a section speaks of checks.
func concerns(name string) bool {
	name = strings.ToLower(name)
	words := strings.FieldsFunc(name, func(c rune) bool { return c < 'a' || c > 'z' })
	return slices.Contains(words, "ci") || slices.Contains(words, "vet") || contains(name, []string{"test", "check", "lint", "verify", "cover", "tsc", "valid", "e2e"})
}

// makeTargets returns the rules of targets that speak of checks, with their recipes.
func makeTargets(content []byte) []byte {
	var out bytes.Buffer
	inside := false
	for line := range bytes.Lines(content) {
		if first := line[0]; first != '\t' && first != ' ' && first != '\n' && first != '#' {
			target, _, rule := strings.Cut(string(line), ":")
			inside = rule && concerns(target)
		}
		if inside {
			out.Write(line)
		}
	}
	return out.Bytes()
}

// sections returns the sections of a TOML or INI file whose names speak of checks.
func sections(content []byte) []byte {
	var out bytes.Buffer
	inside := false
	for line := range bytes.Lines(content) {
		if text := bytes.TrimSpace(line); len(text) > 2 && text[0] == '[' && text[len(text)-1] == ']' && !bytes.ContainsAny(text, ",'") {
			name := strings.Trim(string(text), "[]")
			inside = concerns(name) && name != "dependencies" || contains(name, []string{"ruff", "mypy", "flake8", "pyright", "pylint", "tool:pytest", "bandit", "black", "hatch.envs", "tox", "nox"})
		}
		if inside {
			out.Write(line)
		}
	}
	return out.Bytes()
}

// mentions returns the lines that speak of checks, of files that are mostly about other things.
func mentions(content []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(content) {
		lower := strings.ToLower(string(line))
		if contains(lower, []string{"skiptests", "maven.test", "failifnotests", "testfailureignore", "usejunit", "enable_testing", "add_test(", "coverage", "threshold", "exclude", "jacoco",
			"ignorefailures", "\"test\"", "\"strict", "nocheck", "phpunit", "treatwarningsaserrors", "nowarn"}) {
			out.Write(line)
		}
	}
	return out.Bytes()
}
