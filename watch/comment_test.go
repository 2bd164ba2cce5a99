package watch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func ask(kind Kind, line int, text string) Request {
	return Request{Kind: kind, Line: line, Text: text}
}

var findCases = []struct {
	name, path    string
	content, left string // left: after every request is removed
	want          []Request
}{
	{"go line", "a.go", "package a\n\n// agent: handle the empty list\nfunc F() {}\n", "package a\n\nfunc F() {}\n",
		[]Request{ask(Do, 3, "handle the empty list")}},
	{"behind code", "a.go", "\tx := f() // agent! check the error\n\ty()\n", "\tx := f()\n\ty()\n",
		[]Request{ask(Now, 1, "check the error")}},
	{"block with code on both sides", "a.c", "f(/* agent? why 3 */ 3);\n", "f(3);\n",
		[]Request{ask(Ask, 1, "why 3")}},
	{"block of several lines", "a.c", "/* agent: do this\n * and that\n */\nint x;\n", "int x;\n",
		[]Request{ask(Do, 1, "do this\nand that")}},
	{"lines go on", "a.go", "a()\n// agent: one\n// two\n//   three\n\n// other\n", "a()\n\n// other\n",
		[]Request{ask(Do, 2, "one\ntwo\nthree")}},
	{"an empty comment ends it", "a.go", "// agent: one\n//\n// Doc of F.\nfunc F() {}\n", "//\n// Doc of F.\nfunc F() {}\n",
		[]Request{ask(Do, 1, "one")}},
	{"another one ends it", "a.go", "// agent: one\n// agent? two\n", "",
		[]Request{ask(Do, 1, "one"), ask(Ask, 2, "two")}},
	{"behind code it is one line", "a.go", "a() // agent: one\n// doc\nb()\n", "a()\n// doc\nb()\n",
		[]Request{ask(Do, 1, "one")}},
	{"the text begins on the next line", "a.py", "# agent:\n#   rename it\nx = 1\n", "x = 1\n",
		[]Request{ask(Do, 1, "rename it")}},
	{"empty lines on both sides do not add up", "a.go", "}\n\n// agent: add a test\n\nfunc F() {}\n", "}\n\nfunc F() {}\n",
		[]Request{ask(Do, 3, "add a test")}},
	{"two of them, as in Python", "a.py", "x\n\n\n# agent: a\n\n\ny\n", "x\n\n\ny\n",
		[]Request{ask(Do, 4, "a")}},
	{"first in the file", "a.go", "// agent: a\n\npackage a\n", "package a\n",
		[]Request{ask(Do, 1, "a")}},
	{"last in the file, no line end", "a.go", "package a\n// agent: a", "package a\n",
		[]Request{ask(Do, 2, "a")}},
	{"CRLF", "a.js", "a()\r\n// agent: x\r\n//  y\r\nb() // agent? z\r\n", "a()\r\nb()\r\n",
		[]Request{ask(Do, 2, "x\ny"), ask(Ask, 4, "z")}},
	{"CRLF block", "a.css", "a{}\r\n/* agent: x\r\n   y */\r\nb{}\r\n", "a{}\r\nb{}\r\n",
		[]Request{ask(Do, 2, "x\ny")}},
	{"inside a documentation block", "a.java", "/**\n * Parses.\n * agent: allow null\n *   and \"\"\n */\nint f();\n", "/**\n * Parses.\n */\nint f();\n",
		[]Request{ask(Do, 3, "allow null\nand \"\"")}},
	{"on the first line of a longer block", "a.ts", "/* agent: x\n\n keep */\n", "/*\n\n keep */\n",
		[]Request{ask(Do, 1, "x")}},
	{"triple slash", "a.rs", "/// agent: x\nfn f<'a>(s: &'a str) {} // agent: y\n", "fn f<'a>(s: &'a str) {}\n",
		[]Request{ask(Do, 1, "x"), ask(Do, 2, "y")}},
	{"words stay apart", "a.c", "int/* agent: x */x;\n", "int x;\n", []Request{ask(Do, 1, "x")}},

	{"html", "a.html", "<p>\n  <!-- agent: make it bold -->\n</p>\n", "<p>\n</p>\n", []Request{ask(Do, 2, "make it bold")}},
	{"html script and style", "a.vue", "<script setup>\n// agent: a\nlet s = '<!-- agent: no -->'\n</script>\n<style>\n/* agent: b */\n</style>\n", "<script setup>\nlet s = '<!-- agent: no -->'\n</script>\n<style>\n</style>\n",
		[]Request{ask(Do, 2, "a"), ask(Do, 6, "b")}},
	{"jsx child", "a.tsx", "<ul>\n  {/* agent: add a key */}\n  <li>Don't</li>{/* agent: b */}\n</ul>\n", "<ul>\n  <li>Don't</li>\n</ul>\n",
		[]Request{ask(Do, 2, "add a key"), ask(Do, 3, "b")}},
	{"jsx: the body of a function stays", "a.jsx", "const f = () => {/* agent: write it */}\n", "const f = () => {}\n", []Request{ask(Do, 1, "write it")}},
	{"css", "a.css", "// agent: no\n/* agent: yes */\n", "// agent: no\n", []Request{ask(Do, 2, "yes")}},
	{"sql", "a.sql", "select 'it''s -- agent: no'; -- agent: yes\n", "select 'it''s -- agent: no';\n", []Request{ask(Do, 1, "yes")}},
	{"lisp", "a.el", "(setq a ?\\\") ;; agent: x\n\"; agent: no\"\n", "(setq a ?\\\")\n\"; agent: no\"\n", []Request{ask(Do, 1, "x")}},
	{"tex", "a.tex", "50\\% agent: no\n% agent: yes\n", "50\\% agent: no\n", []Request{ask(Do, 2, "yes")}},
	{"erlang", "a.erl", "%% agent: yes\nf() -> \"% agent: no\".\n", "f() -> \"% agent: no\".\n", []Request{ask(Do, 1, "yes")}},
	{"vim", "a.vim", "let a = \"b\" \" agent: no\n\" agent: yes\n", "let a = \"b\" \" agent: no\n", []Request{ask(Do, 2, "yes")}},
	{"shell", "run", "#!/usr/bin/env bash\necho $# ${a#agent: no}\ncat <<-'EOF'\n\t# agent: no\n\tEOF\n# agent: yes\n", "#!/usr/bin/env bash\necho $# ${a#agent: no}\ncat <<-'EOF'\n\t# agent: no\n\tEOF\n",
		[]Request{ask(Do, 6, "yes")}},
	{"shell quotes", "a.sh", "a='# agent: no\n# agent: no'\nb=\"x\n# agent: no\" # agent: yes\n", "a='# agent: no\n# agent: no'\nb=\"x\n# agent: no\"\n",
		[]Request{ask(Do, 4, "yes")}},
	{"python strings", "a.py", "s = '''\n# agent: no\n'''\nt = \"# agent: no\" # agent: yes\n", "s = '''\n# agent: no\n'''\nt = \"# agent: no\"\n",
		[]Request{ask(Do, 4, "yes")}},
	{"ruby", "a.rb", "x = <<~SQL\n  # agent: no\nSQL\na << b # agent: yes\n=begin\nagent: too\n=end\n", "x = <<~SQL\n  # agent: no\nSQL\na << b\n",
		[]Request{ask(Do, 4, "yes"), ask(Do, 6, "too")}},
	{"php", "a.php", "<!-- agent: a --><?php\n$x = <<<EOT\n// agent: no\nEOT;\n# agent: b\n?>\n// agent: no\n", "<?php\n$x = <<<EOT\n// agent: no\nEOT;\n?>\n// agent: no\n",
		[]Request{ask(Do, 1, "a"), ask(Do, 5, "b")}},
	{"lua", "a.lua", "s = [==[\n-- agent: no\n]==]\n--[[ agent: a\nb ]]\n-- agent: c\n", "s = [==[\n-- agent: no\n]==]\n",
		[]Request{ask(Do, 4, "a\nb"), ask(Do, 6, "c")}},
	{"postgres", "a.sql", "do $x$\n-- agent: no\n$x$; -- agent: yes\n", "do $x$\n-- agent: no\n$x$;\n", []Request{ask(Do, 3, "yes")}},
	{"rust raw", "a.rs", "let s = r#\"\n// agent: no \" \"#; // agent: yes\n", "let s = r#\"\n// agent: no \" \"#;\n", []Request{ask(Do, 2, "yes")}},
	{"c++ raw and digits", "a.cpp", "int n = 1'000; auto s = R\"x(\n// agent: no )\" )x\"; char c = '\"'; // agent: yes\n", "int n = 1'000; auto s = R\"x(\n// agent: no )\" )x\"; char c = '\"';\n",
		[]Request{ask(Do, 2, "yes")}},
	{"nested", "a.kt", "/* /* agent: no */ */\n/* agent: a /* b */ c */\n", "/* /* agent: no */ */\n", []Request{ask(Do, 2, "a /* b */ c")}},
	{"haskell", "a.hs", "{- agent: a -}\nf' = '\"' -- agent: b\n", "f' = '\"'\n", []Request{ask(Do, 1, "a"), ask(Do, 2, "b")}},
	{"javascript", "a.js", "let r = /[\"/`]/ // agent: a\nlet t = `x ${f(`// agent: no`, '}')} // agent: no\n`\nlet d = a / b // agent: b\n", "let r = /[\"/`]/\nlet t = `x ${f(`// agent: no`, '}')} // agent: no\n`\nlet d = a / b\n",
		[]Request{ask(Do, 1, "a"), ask(Do, 4, "b")}},
	{"yaml", "a.yml", "a: b#agent: no\nc: d # agent: yes\n", "a: b#agent: no\nc: d\n", []Request{ask(Do, 2, "yes")}},
	{"markdown", "a.md", "`<!-- agent: no -->`\n\n```html\n<!-- agent: no -->\n```\n\n<!-- agent: yes -->\n", "`<!-- agent: no -->`\n\n```html\n<!-- agent: no -->\n```\n\n",
		[]Request{ask(Do, 7, "yes")}},
	{"dockerfile", "deploy/Dockerfile", "# agent: smaller\nFROM x\n", "FROM x\n", []Request{ask(Do, 1, "smaller")}},
	{"powershell", "a.ps1", "<# agent: a #>\n@'\n# agent: no\n'@ # agent: b\n", "@'\n# agent: no\n'@\n", []Request{ask(Do, 1, "a"), ask(Do, 4, "b")}},
	{"batch", "a.bat", "REM agent: a\r\necho REM agent: no\r\n", "echo REM agent: no\r\n", []Request{ask(Do, 1, "a")}},
	{"template", "a.html.j2", "{# agent: a #}\n<b>\n", "<b>\n", []Request{ask(Do, 1, "a")}},
	{"terraform", "a.tf", "x = <<EOF\n# agent: no\nEOF\n# agent: yes\n", "x = <<EOF\n# agent: no\nEOF\n", []Request{ask(Do, 4, "yes")}},

	{"a string", "a.go", "s := \"// agent: no\" + `\n// agent: no\n` + \"\\\"// agent: no\"\n", "", nil},
	{"only at the beginning", "a.go", "// the agent: no\n// agents: no\n// useragent: no\n", "", nil},
	{"not a sign", "a.go", "// agent://host\n// agent!= x\n// agent\n// Agent: no\n", "", nil},
	{"nothing asked", "a.go", "// agent:\nfunc F() {}\n", "", nil},
	{"unknown kind", "a.unknown", "// agent: no\n# agent: no\n", "", nil},
	{"text", "notes.txt", "# agent: no\n", "", nil},
	{"binary", "a.go", "// agent: no\n\x00", "", nil},
	{"a block that does not end", "a.c", "/* agent: no\n", "", nil},
	{"a string that does not end hides nothing", "a.go", "x := `\n// agent: yes\n", "x := `\n", []Request{ask(Do, 2, "yes")}},
	{"a heredoc that does not end hides nothing", "a.sh", "cat <<EOF\n# agent: yes\n", "cat <<EOF\n", []Request{ask(Do, 2, "yes")}},
	{"a shift is no heredoc", "a.sh", "echo $((1 << x))\n# agent: yes\n", "echo $((1 << x))\n", []Request{ask(Do, 2, "yes")}},
}

func TestFindAndRemove(t *testing.T) {
	for _, c := range findCases {
		t.Run(c.name, func(t *testing.T) {
			got := Find(c.path, []byte(c.content), "")
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Request{}, "Start", "End")); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			left := []byte(c.content)
			for i := len(got) - 1; i >= 0; i-- {
				left = Remove(left, got[i])
			}
			want := c.left
			if len(got) == 0 {
				want = c.content
			}
			if diff := cmp.Diff(want, string(left)); diff != "" {
				t.Errorf("after removal, -want +got\n%s", diff)
			}
		})
	}
}

func TestFindAnotherWord(t *testing.T) {
	content := []byte("// TODO(agent): no\n// robot! go\n\n// agent: no\n")
	got := Find("a.go", content, "robot")
	if len(got) != 1 || got[0].Text != "go" || got[0].Kind != Now {
		t.Errorf("got %+v", got)
	}
}

// Every file kind that the table names finds its comment, and each sign of it.
func TestEverySyntaxFindsItsComments(t *testing.T) {
	for _, ext := range []string{"go", "c", "java", "py", "rb", "sh", "sql", "lua", "hs", "el", "tex", "vim", "f90", "vb", "bat", "ml", "pas", "html", "md", "jl", "nim", "toml", "ini", "nix", "ex", "hbs", "erb", "liquid", "cshtml", "gohtml", "rst", "org", "swift", "d", "cs", "groovy", "scss", "tf", "coffee", "ps1", "asm", "rs", "kt", "dart", "php", "mdx", "cmake", "fish", "pl", "adb"} {
		syn := byExtension(ext)
		if syn == nil {
			t.Errorf("%s is not known", ext)
			continue
		}
		for _, l := range syn.lines {
			text := l.open + " agent: do it\nother\n"
			if got := Find("x."+ext, []byte(text), ""); len(got) != 1 || got[0].Text != "do it" {
				t.Errorf("%s: %q found %+v", ext, text, got)
			}
		}
		for _, b := range syn.blocks {
			text := b.open + "\n agent? why\n" + strings.TrimPrefix(b.close, "\n") + "\n"
			got := Find("x."+ext, []byte(text), "")
			if len(got) != 1 || got[0].Text != "why" || got[0].Kind != Ask {
				t.Errorf("%s: %q found %+v", ext, text, got)
				continue
			}
			if left := Remove([]byte(text), got[0]); len(left) != 0 {
				t.Errorf("%s: of %q %q is left", ext, text, left)
			}
		}
	}
}

// What is found lies in the file, in order, and begins with the comment; and hostile
// text costs no more than its length.
func FuzzFind(f *testing.F) {
	for _, c := range findCases {
		f.Add(c.path, []byte(c.content))
	}
	f.Add("a.js", []byte(strings.Repeat("`${", 100)+"// agent: x"))
	f.Fuzz(func(t *testing.T, path string, content []byte) {
		end, line := 0, 0
		for _, r := range Find(path, content, "") {
			if r.Start < end || r.End <= r.Start || r.End > len(content) || r.Line < line || r.Text == "" {
				t.Fatalf("%+v behind line %d, byte %d", r, line, end)
			}
			if !strings.Contains(string(content[r.Start:r.End]), DefaultWord) {
				t.Fatalf("%+v takes %q", r, content[r.Start:r.End])
			}
			end, line = r.End, r.Line
			if got := len(Remove(content, r)); got > len(content)-(r.End-r.Start)+1 {
				t.Fatalf("%d bytes are left of %d", got, len(content))
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	content := []byte(strings.Repeat("x := f(\"a string\", 'c') // a comment\n", 1000) + "// agent: do it\n")
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if len(Find("a.go", content, "")) != 1 {
			b.Fatal("not found")
		}
	}
}
