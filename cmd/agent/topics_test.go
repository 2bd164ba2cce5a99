package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeagent.dev/agent/config"
	"codeagent.dev/agent/patch"
)

func TestTopics(t *testing.T) {
	b := newBench(t)
	said := map[string]string{}
	for _, topic := range topics() {
		got := b.run("help", topic.name)
		if got.status != 0 || got.err != "" {
			t.Fatalf("%s: %+v", topic.name, got)
		}
		said[topic.name] = got.out
		for line := range strings.Lines(got.out) {
			if n := len([]rune(line)); n > 151 || strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
				t.Errorf("%s has a line of %d columns, or blanks at its end: %q", topic.name, n, line)
			}
		}
	}
	has := func(topic, word string) {
		t.Helper()
		if !regexp.MustCompile(`(^|[\s,(])` + regexp.QuoteMeta(word) + `([\s,)]|$)`).MatchString(said[topic]) {
			t.Errorf("agent help %s does not name %s", topic, word)
		}
	}
	for _, k := range config.Keys() {
		has("config", k.Name)
		if k.Env() != "" {
			has("environment", k.Env())
		}
	}
	for _, name := range append(formatNames(), tierNames()...) {
		has("formats", name)
	}
	for _, f := range formatNames() {
		if formatText()[patch.Format(f)] == "" {
			t.Errorf("nothing is said of the format %s", f)
		}
	}
	for _, v := range verdictNames() {
		has("exit-codes", v)
	}
	if !strings.HasPrefix(said["config"], "Read and change settings.") {
		t.Errorf("agent help config does not begin with the command's help: %.80q", said["config"])
	}
	if got := b.run("help", "exit-code"); got.status != exitUsage {
		t.Errorf("a topic that is none: %+v", got)
	}
}

// TestEnvironmentTopicNamesWhatIsRead looks for the variables that the sources read.
func TestEnvironmentTopicNamesWhatIsRead(t *testing.T) {
	text := newBench(t).run("help", "environment").out
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	// Those that say where a person's own things are, and git's and less's own.
	usual := []string{"HOME", "SHELL", "LESS", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_INDEX_FILE"}
	read := regexp.MustCompile(`\benv\("([A-Z_]+)"\)`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.FindAllStringSubmatch(string(src), -1) {
			found++
			if !slices.Contains(usual, m[1]) && !regexp.MustCompile(`\b`+m[1]+`\b`).MatchString(text) {
				t.Errorf("%s reads %s, which agent help environment does not name", file, m[1])
			}
		}
	}
	if found < 5 {
		t.Fatalf("only %d reads were found: the pattern is wrong", found)
	}
}
