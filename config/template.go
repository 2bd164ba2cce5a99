package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"codeagent.dev/agent"
)

// Example returns a user's settings file with every setting in it, commented out,
// at its default.
func Example() []byte {
	var b strings.Builder
	b.WriteString("# Settings of agent. What is commented out shows the default.\n" +
		"# `agent config list --show-origin` says which file or variable decides each value.\n")
	example(&b, Keys(), "")
	return []byte(b.String())
}

// Template returns a .agent.yaml with these checks, and with everything else that
// may stand in it commented out.
func Template(checks []agent.Check) []byte {
	var b strings.Builder
	b.WriteString(`# What jobs on this repository must pass, and what they may take. agent reads this
# file from the commit a job starts from: a patch cannot change the checks that it is
# held against. Everything is optional.

# Commands that must exit 0 on a result, run in this order from the top of a clean
# checkout. Without a check a result is only ever "unverified". The last one here shows
# all that a check may say; run is the only part it needs.
`)
	if len(checks) == 0 {
		b.WriteString("#checks:\n#  - make test\n")
	} else {
		b.WriteString("checks:\n")
	}
	for _, c := range checks {
		b.WriteString(item(c))
	}
	b.WriteString("#  - name: web tests\n#    run: npm ci && npm test\n" +
		"#    dir: web  # where, below the top of the tree\n#    time: 5m  # instead of limits.check\n" + hooksExample)
	b.WriteString("\n# comments such as \"// agent: handle the empty list\" become jobs when they are saved, for\n" +
		"# everybody who agreed to it with: agent watch --daemon. false: for nobody\n#watch: true\n")
	var keys []Key
	for _, k := range Keys() {
		if k.Repo {
			keys = append(keys, k)
		}
	}
	example(&b, keys, "#  paths: [src, docs]  # a patch may touch nothing else; not set: everything\n")
	return []byte(b.String())
}

const hooksExample = `
# What git hooks ask for, once ` + "`agent hook install`" + ` has been run here.
#hooks:
#  post-commit:  # also post-merge, post-rewrite, post-checkout
#    - patch: "update the tests for what this commit changed"  # or run: COMMAND
#      paths: ["**/*.go"]  # only if one of these changed
#      branches: ["main", "feature/*"]
#      variants: 2
#      each: false  # true: a rebase makes a job for each of its commits, not one for the last
#  pre-push:
#    - require: verified  # the newest job on what is pushed; git push --no-verify skips it
`

// example writes keys commented out, those of one group below its name. Limits is
// the text that follows the group limits.
func example(b *strings.Builder, keys []Key, limits string) {
	open := ""
	for i, k := range keys {
		group, last, grouped := strings.Cut(k.Name, ".")
		text := cmp.Or(k.Default, k.Sample)
		value, err := encode(k, text)
		if err != nil { // the table's own text, which a test loads
			value = quote(text)
		}
		if !grouped {
			fmt.Fprintf(b, "\n# %s\n#%s: %s\n", k.Doc, k.Name, value)
			continue
		}
		if group != open {
			fmt.Fprintf(b, "\n#%s:\n", group)
			if k.family != nil {
				fmt.Fprintf(b, "#  %s:  # %s\n", quote(k.family.sample), k.family.remark)
			}
			open = group
		}
		indent := "  "
		if k.family != nil {
			indent, last = "    ", strings.TrimPrefix(last, "*.")
		}
		fmt.Fprintf(b, "#%s%s: %s  # %s\n", indent, last, value, k.Doc)
		if group == "limits" && (i+1 == len(keys) || !strings.HasPrefix(keys[i+1].Name, "limits.")) {
			b.WriteString(limits)
		}
	}
}

// item writes one check as an entry of a list.
func item(c agent.Check) string {
	if c.Dir == "" && c.Time == 0 && cmp.Or(c.Name, c.Run) == c.Run {
		return "  - " + quote(c.Run) + "\n"
	}
	s := "  - name: " + quote(cmp.Or(c.Name, c.Run)) + "\n    run: " + quote(c.Run) + "\n"
	if c.Dir != "" {
		s += "    dir: " + quote(c.Dir) + "\n"
	}
	if c.Time != 0 {
		s += "    time: " + formatDuration(time.Duration(c.Time)) + "\n"
	}
	return s
}

// quote writes a text as YAML on one line: as it is where every reader of YAML takes
// it for that text, else in double quotes, with JSON's escapes. The library's own
// quoting loses blanks that are not ASCII.
func quote(text string) string {
	words := []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
	if plainText(text) && !slices.Contains(words, strings.ToLower(text)) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func plainText(text string) bool {
	for i, r := range text {
		letter := unicode.IsLetter(r) || strings.ContainsRune("./_", r)
		inner := i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune("-+=~;$&|()<>*?@^%", r))
		blank := i > 0 && r == ' ' && i+1 < len(text)
		colon := i > 0 && r == ':' && i+1 < len(text) && text[i+1] != ' '
		if !letter && !inner && !blank && !colon {
			return false
		}
	}
	return text != ""
}
