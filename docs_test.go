package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeagent.dev/agent/config"
)

// TestDocumentsNameWhatExists holds the documents to the tree: what they name in code
// (files, symbols, commands and their flags, settings, variables) is there.
func TestDocumentsNameWhatExists(t *testing.T) {
	src := readSources(t)
	cli := buildAgent(t)
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "AGENTS.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codeIn(string(text)) {
			for _, word := range strings.Fields(code) {
				if why := src.missing(word); why != "" {
					t.Errorf("%s names `%s`: %s", name, code, why)
				}
			}
			for _, line := range commandsIn(code) {
				if why := cli.missing(line); why != "" {
					t.Errorf("%s names `%s`: %s", name, code, why)
				}
			}
		}
		for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			if _, err := config.ReadRepo([]byte(m[1])); err != nil {
				t.Errorf("%s shows a .agent.yaml that is none: %v", name, err)
			}
		}
	}
}

var (
	fence   = regexp.MustCompile("(?s)```.*?\n```")
	without = regexp.MustCompile(`(?m)^- No .*$`) // what must not be there
	span    = regexp.MustCompile("`[^`]+`")
)

// codeIn returns the lines of a document that are code, and the code in its text. A
// block between fences is a file of the user's, not a command.
func codeIn(text string) (code []string) {
	var prose strings.Builder
	for line := range strings.Lines(without.ReplaceAllString(fence.ReplaceAllString(text, ""), "")) {
		if strings.HasPrefix(line, "    ") {
			code = append(code, strings.TrimSpace(line))
		} else {
			prose.WriteString(line)
		}
	}
	for _, s := range span.FindAllString(prose.String(), -1) {
		code = append(code, strings.Join(strings.Fields(strings.Trim(s, "`")), " ")) // it may go over a line's end
	}
	return code
}

var (
	comment = regexp.MustCompile(`(^|\s)#\s.*`)
	quoted  = regexp.MustCompile(`'[^']*'|"[^"$]*"`)
	between = regexp.MustCompile(`[|;&()"]`)
)

// commandsIn returns the calls of agent in a line of shell, without its name.
func commandsIn(code string) (calls []string) {
	code = quoted.ReplaceAllString(comment.ReplaceAllString(code, ""), "TEXT")
	for _, call := range between.Split(code, -1) {
		call = strings.Replace(strings.TrimSpace(call), "go run ./cmd/agent", "agent", 1)
		if rest, ok := strings.CutPrefix(call, "agent "); ok {
			calls = append(calls, rest)
		}
	}
	return calls
}

// cli is the built program, asked for its help.
type cli struct {
	file string
	said map[string]string
}

func buildAgent(t *testing.T) *cli {
	c := &cli{filepath.Join(t.TempDir(), "agent.exe"), map[string]string{}}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", c.file, "./cmd/agent").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return c
}

func (c *cli) help(path ...string) (string, error) {
	key := strings.Join(path, " ")
	if c.said[key] == "" {
		out, err := exec.Command(c.file, append([]string{"help"}, path...)...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s", out)
		}
		c.said[key] = string(out)
	}
	return c.said[key], nil
}

var word = regexp.MustCompile(`^[a-z][a-z._-]*$`)

// missing says what of a call does not exist: the command, or one of its flags.
func (c *cli) missing(call string) string {
	args := strings.Fields(call)
	var path []string
	help, err := c.help()
	for err == nil && len(path) < len(args) && word.MatchString(args[len(path)]) {
		next := args[len(path)]
		if len(path) > 0 && !strings.Contains(help, "\nCOMMANDS\n") {
			break // an argument
		}
		if !strings.Contains(help, "\n  "+next+" ") {
			return "there is no command " + next
		}
		path = append(path, next)
		help, err = c.help(path...)
	}
	if err != nil {
		return err.Error()
	}
	for _, arg := range args {
		flag, _, _ := strings.Cut(arg, "=")
		if len(flag) > 1 && flag[0] == '-' && !regexp.MustCompile(`\s`+regexp.QuoteMeta(flag)+`[\s,]`).MatchString(help) {
			return "there is no flag " + flag
		}
	}
	if strings.HasPrefix(call, "config set ") && len(args) > 2 && word.MatchString(args[2]) {
		if _, err := config.Lookup(args[2]); err != nil {
			return err.Error()
		}
	}
	return ""
}

// sources are the files of the tree, and the text of those that are not tests.
type sources struct {
	files []string            // slash-separated
	text  map[string][]string // of Go, by package name; "" holds all
}

func readSources(t *testing.T) sources {
	s := sources{text: map[string][]string{}}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if d.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		s.files = append(s.files, filepath.ToSlash(path))
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		name := filepath.Base(filepath.Dir(path))
		if name == "." {
			name = "agent"
		}
		s.text[name] = append(s.text[name], string(text))
		s.text[""] = append(s.text[""], string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contain reports whether the sources of a package, or all, match.
func (s sources) contain(name, pattern string) bool {
	return slices.ContainsFunc(s.text[name], regexp.MustCompile(pattern).MatchString)
}

var (
	symbol   = regexp.MustCompile(`^([A-Za-z]\w*)\.([A-Z]\w*)`)
	variable = regexp.MustCompile(`AGENT_[A-Z_]+`)
	fileName = regexp.MustCompile(`^[\w.-]+\.(go|md|mod|yml|yaml|db|log)$`)
	route    = regexp.MustCompile(`^/[a-z]+$`)
)

// missing says why a word of code names nothing; "" when it does, or is no name of ours.
func (s sources) missing(word string) string {
	if m := symbol.FindStringSubmatch(word); m != nil {
		declared := `(?m)^(func (\([^)]*\) )?|type |var |const |\t)` + m[2] + `\b`
		switch {
		case s.text[m[1]] != nil && !s.contain(m[1], declared):
			return "the package declares no " + m[2]
		case s.contain("", `(?m)^type `+m[1]+` (struct|interface)`) && !s.contain("", declared):
			return "nothing has a " + m[2]
		}
		return ""
	}
	if name := variable.FindString(word); name != "" && !s.contain("", name) {
		return "nothing reads " + name
	}
	quoted := func(name string) bool { return s.contain("", `[" ]`+regexp.QuoteMeta(name)+`"`) }
	name := strings.TrimPrefix(word, "./")
	top, _, deep := strings.Cut(name, "/")
	switch {
	case strings.HasPrefix(name, "_") && strings.HasSuffix(name, ".go"):
		if !slices.ContainsFunc(s.files, func(f string) bool { return strings.HasSuffix(f, name) }) {
			return "no file is named so"
		}
	case fileName.MatchString(name):
		if !slices.ContainsFunc(s.files, func(f string) bool { return f == name || strings.HasSuffix(f, "/"+name) }) && !quoted(name) {
			return "there is no such file"
		}
	case route.MatchString(word):
		if !quoted(word) {
			return "nothing answers there"
		}
	case strings.HasSuffix(name, "/"):
		if _, err := os.Stat(top); err != nil && !quoted(top) {
			return "there is no such directory"
		}
	case deep || name != word: // a path in this tree, or one of somebody else's
		if _, err := os.Stat(top); err != nil && name == word || strings.Contains(name, "...") {
			return ""
		}
		if found, err := filepath.Glob(name); err != nil || len(found) == 0 {
			return "there is no such file"
		}
	}
	return ""
}
