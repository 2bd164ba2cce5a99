package watch

import (
	"bytes"
	"path"
	"path/filepath"
	"strings"
)

// syntax is what comments and strings are in a family of languages.
type syntax struct {
	lines   []line
	blocks  []block
	quotes  []quote // longer opening signs first
	regions []region
	special special
	jsx     bool
}

// line is a comment that ends with its line.
type line struct {
	open  string
	where place
}

// place is where a sign begins a comment.
type place int

const (
	anywhere   place = iota
	afterSpace       // where a shell would begin a word
	lineStart        // only white space before it
)

// block is a comment with an end of its own.
type block struct {
	open, close string
	nested      bool
	lineStart   bool
}

// quote is a string.
type quote struct {
	open, close string
	escape      byte // 0: none
	lines       bool // it may span lines
	lineStart   bool // it begins a line
}

// region is a part in another language.
type region struct {
	open   string // without regard to case
	until  string // the sign that ends the opening one; empty: it is whole
	close  string
	syntax *syntax
}

func rem(signs ...string) (lines []line) {
	for _, sign := range signs {
		lines = append(lines, line{open: sign})
	}
	return lines
}

func remAt(where place, signs ...string) (lines []line) {
	for _, sign := range signs {
		lines = append(lines, line{sign, where})
	}
	return lines
}

func double() quote { return quote{open: `"`, close: `"`, escape: '\\'} }

func single() quote { return quote{open: `'`, close: `'`, escape: '\\'} }

// long is a string of many lines with the same sign on both ends.
func long(sign string, escape byte) quote {
	return quote{open: sign, close: sign, escape: escape, lines: true}
}

func cBlock() []block { return []block{{open: "/*", close: "*/"}} }

func nestedBlock(open, close string) []block {
	return []block{{open: open, close: close, nested: true}}
}

// syntaxOf returns the syntax of a file by its name, or else by the interpreter its
// first line names; nil when it is of no known kind.
func syntaxOf(name string, content []byte) *syntax {
	base := path.Base(filepath.ToSlash(name))
	if s := byName(base); s != nil {
		return s
	}
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(base), "."))
	if ext != "" && ext != strings.ToLower(strings.TrimPrefix(base, ".")) {
		return byExtension(ext)
	}
	return byInterpreter(content)
}

// byName knows files that have no extension, or one that says something else.
func byName(base string) *syntax {
	switch base {
	case "Dockerfile", "Containerfile", "Caddyfile", "Procfile", "Brewfile.lock", "CODEOWNERS",
		".gitignore", ".gitattributes", ".gitmodules", ".dockerignore", ".npmignore", ".eslintignore", ".prettierignore", ".editorconfig", ".npmrc", "requirements.txt", "nginx.conf":
		return hashAtStart()
	case "Makefile", "makefile", "GNUmakefile", "BSDmakefile", "Kbuild":
		return &syntax{lines: rem("#"), special: escapes}
	case "justfile", "Justfile", ".justfile":
		return &syntax{lines: remAt(afterSpace, "#"), quotes: []quote{double(), long("'", 0)}}
	case "CMakeLists.txt":
		return byExtension("cmake")
	case "Jenkinsfile":
		return byExtension("groovy")
	case "Vagrantfile", "Rakefile", "Gemfile", "Brewfile", "Podfile", "Fastfile", "Guardfile", "Capfile":
		return byExtension("rb")
	case "BUILD", "WORKSPACE", "MODULE.bazel", "BUILD.bazel", "WORKSPACE.bazel", "SConstruct", "SConscript", "Tiltfile", "wscript":
		return byExtension("py")
	case ".bashrc", ".bash_profile", ".bash_aliases", ".profile", ".zshrc", ".zshenv", ".zprofile", ".envrc", "PKGBUILD", "APKBUILD":
		return byExtension("sh")
	case ".env":
		return hashAtStart()
	case ".vimrc", "_vimrc", ".gvimrc", ".exrc":
		return byExtension("vim")
	case ".emacs":
		return byExtension("el")
	case "go.mod", "go.work":
		return &syntax{lines: rem("//")}
	case "tsconfig.json", "jsconfig.json", "devcontainer.json", ".eslintrc.json", ".babelrc", "settings.json", "launch.json", "tasks.json":
		return byExtension("jsonc")
	}
	switch {
	case strings.HasPrefix(base, "Dockerfile."), strings.HasPrefix(base, ".env."):
		return hashAtStart()
	case strings.HasPrefix(base, "Makefile."):
		return &syntax{lines: rem("#"), special: escapes}
	}
	return nil
}

func hashAtStart() *syntax { return &syntax{lines: remAt(afterSpace, "#")} }

// byInterpreter reads the first line of a script.
func byInterpreter(content []byte) *syntax {
	first, _, _ := bytes.Cut(content[:min(len(content), 256)], []byte("\n"))
	command, ok := bytes.CutPrefix(first, []byte("#!"))
	if !ok {
		return nil
	}
	for _, word := range strings.Fields(string(command)) {
		word = strings.TrimRight(path.Base(word), "0123456789.")
		switch word {
		case "env", "-S":
			continue
		case "sh", "bash", "dash", "ksh", "zsh", "ash":
			return byExtension("sh")
		case "python", "pypy", "uv":
			return byExtension("py")
		case "node", "deno", "bun":
			return byExtension("js")
		case "ruby", "perl", "php", "lua", "fish", "tcl", "awk", "Rscript", "elixir", "pwsh":
			return byExtension(map[string]string{
				"ruby": "rb", "perl": "pl", "php": "php", "lua": "lua", "fish": "fish", "tcl": "tcl",
				"awk": "awk", "Rscript": "r", "elixir": "exs", "pwsh": "ps1",
			}[word])
		}
		return nil
	}
	return nil
}
