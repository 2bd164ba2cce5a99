package brief

import (
	"path"
	"strings"
	"sync"
)

// language is what is known of one: how to find what its files define.
type language struct {
	name      string
	find      func(l *language, line string, indent int) string // nil: nothing is looked for
	second    func(line string, indent int) string
	keywords  map[string]place
	modifiers map[string]bool
	assigned  map[string]bool // keywords of values, which count inside of others only as functions
	more      string          // bytes that names hold beside those of words
	prose     bool
}

// place says where a keyword defines.
type place int

const (
	anywhere place = iota + 1
	atTop          // at the start of a line only
)

func keywords(where place, words string) map[string]place {
	set := map[string]place{}
	for w := range strings.FieldsSeq(words) {
		set[w] = where
	}
	return set
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// languageOf returns the language of a file by its name. Unknown ones share one that
// finds nothing.
func languageOf(name string) *language {
	base := path.Base(name)
	if l := languages().named[base]; l != nil {
		return l
	}
	if l := languages().ends[strings.ToLower(path.Ext(base))]; l != nil {
		return l
	}
	return languages().unknown
}

type languageTable struct {
	named, ends map[string]*language
	unknown     *language
}

const (
	jvmModifiers = `public private protected internal static final abstract sealed non open override inline data value inner suspend
		lateinit const default synchronized native strictfp transient volatile operator infix tailrec external annotation companion
		implicit lazy case partial async virtual readonly extern unsafe new ref record actual expect crossinline noinline reified`
)

// languages is made when it is first asked for.
var languages = sync.OnceValue(func() languageTable {
	t := languageTable{named: map[string]*language{}, ends: map[string]*language{}, unknown: &language{}}
	add := func(l *language, ends ...string) {
		for _, end := range ends {
			if strings.HasPrefix(end, ".") {
				t.ends[end] = l
			} else {
				t.named[end] = l
			}
		}
	}
	addClassic(add)
	addModern(add)
	add(&language{name: "markdown", find: headings, prose: true}, ".md", ".markdown", ".mdx")
	add(&language{name: "shell", find: shellDef}, ".sh", ".bash", ".zsh", ".ksh", ".bats")
	add(&language{name: "make", find: targets}, "Makefile", "makefile", "GNUmakefile", ".mk")
	return t
})

// addClassic adds the languages of C's line and the older scripting ones.
func addClassic(add func(*language, ...string)) {
	add(&language{name: "c", find: cDef, keywords: keywords(anywhere, "struct union enum class namespace typedef concept"),
		modifiers: words("static inline extern const template typename export constexpr virtual friend")},
		".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".ipp", ".m", ".mm", ".cu")
	add(&language{name: "java", find: byKeyword, second: method, keywords: keywords(anywhere, "class interface enum record package"),
		modifiers: words(jvmModifiers), more: "."}, ".java", ".groovy", ".gradle")
	add(&language{name: "csharp", find: byKeyword, second: method, keywords: keywords(anywhere, "class interface enum struct record namespace delegate"),
		modifiers: words(jvmModifiers), more: "."}, ".cs")
	add(&language{name: "python", find: byKeyword, keywords: keywords(anywhere, "def class"), modifiers: words("async cdef cpdef")}, ".py", ".pyi", ".pyx")
	add(&language{name: "ruby", find: byKeyword, keywords: keywords(anywhere, "def class module"), more: ".:?!"}, ".rb", ".rake", ".gemspec", "Rakefile")
	add(&language{name: "php", find: byKeyword, keywords: keywords(anywhere, "function class interface trait enum namespace"),
		modifiers: words("public private protected static abstract final readonly"), more: `\`}, ".php", ".phtml")
	add(&language{name: "perl", find: byKeyword, keywords: keywords(anywhere, "sub package"), more: ":"}, ".pl", ".pm", ".t")
	add(&language{name: "lua", find: byKeyword, keywords: keywords(anywhere, "function"), modifiers: words("local"), more: ".:"}, ".lua")
	add(&language{name: "sql", find: byKeyword, keywords: keywords(anywhere, "TABLE VIEW FUNCTION PROCEDURE TRIGGER INDEX TYPE table view function procedure trigger index"),
		modifiers: words("CREATE OR REPLACE UNIQUE MATERIALIZED TEMPORARY create or replace unique materialized temporary"), more: `."`}, ".sql")
	add(&language{name: "erlang", find: targetsOf("-module(", "-record(")}, ".erl", ".hrl")
}

// addModern adds the rest.
func addModern(add func(*language, ...string)) {
	add(&language{name: "go", find: goDef, keywords: keywords(atTop, "func type const var")}, ".go")
	js := keywords(anywhere, "function class interface enum namespace")
	for w, where := range keywords(anywhere, "const let var type") {
		js[w] = where
	}
	add(&language{name: "javascript", find: byKeyword, second: script, keywords: js, assigned: words("const let var type"),
		modifiers: words("export default async declare abstract static public private protected readonly get set"), more: "$"},
		".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
	add(&language{name: "kotlin", find: byKeyword, keywords: keywords(anywhere, "fun class interface object typealias enum"), modifiers: words(jvmModifiers), more: "."}, ".kt", ".kts")
	add(&language{name: "scala", find: byKeyword, keywords: keywords(anywhere, "def class object trait enum type"), modifiers: words(jvmModifiers)}, ".scala", ".sc", ".sbt")
	add(&language{name: "swift", find: byKeyword, keywords: keywords(anywhere, "func class struct enum protocol extension actor typealias"),
		modifiers: words("public private internal fileprivate open static final override mutating indirect async nonisolated"), more: "."}, ".swift")
	add(&language{name: "rust", find: byKeyword, keywords: keywords(anywhere, "fn struct enum trait union mod type macro_rules! impl static"),
		modifiers: words("pub async unsafe const extern default")}, ".rs")
	add(&language{name: "elixir", find: byKeyword, keywords: keywords(anywhere, "def defp defmodule defmacro defprotocol defimpl"), more: ".?!"}, ".ex", ".exs")
	add(&language{name: "dart", find: byKeyword, second: method, keywords: keywords(anywhere, "class mixin enum extension typedef"), modifiers: words("abstract final base sealed")}, ".dart")
	add(&language{name: "proto", find: byKeyword, keywords: keywords(anywhere, "message service rpc enum")}, ".proto")
	add(&language{name: "graphql", find: byKeyword, keywords: keywords(anywhere, "type input enum interface union query mutation fragment")}, ".graphql", ".gql")
	add(&language{name: "zig", find: byKeyword, keywords: keywords(anywhere, "fn"), modifiers: words("pub export inline")}, ".zig")
	add(&language{name: "julia", find: byKeyword, keywords: keywords(anywhere, "function struct module macro"), modifiers: words("mutable abstract"), more: ".!"}, ".jl")
	add(&language{name: "hcl", find: blocks}, ".tf", ".hcl")
}

// targetsOf finds the name in one of the given forms.
func targetsOf(forms ...string) func(*language, string, int) string {
	return func(_ *language, line string, _ int) string {
		for _, form := range forms {
			if rest, ok := strings.CutPrefix(line, form); ok {
				name, _ := word(rest, "")
				return name
			}
		}
		return ""
	}
}

// blocks are Terraform's: resource "type" "name".
func blocks(_ *language, line string, indent int) string {
	kind, rest := word(line, "")
	if indent > 0 || kind == "" || !strings.HasSuffix(line, "{") {
		return ""
	}
	return strings.Join(strings.Fields(kind+" "+strings.NewReplacer(`"`, "", "{", "").Replace(rest)), ".")
}
