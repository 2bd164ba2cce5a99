package watch

// byExtension returns the syntax of files with an extension (in lower case, without
// the dot), or nil.
func byExtension(ext string) *syntax {
	for _, family := range []func(string) *syntax{cFamily, scriptFamily, hashFamily, otherFamily, markupFamily} {
		if s := family(ext); s != nil {
			return s
		}
	}
	return nil
}

// cFamily are the languages with // and /* */ whose strings are in double quotes.
func cFamily(ext string) *syntax {
	c := &syntax{lines: rem("//"), blocks: cBlock(), quotes: []quote{double()}, special: ticks}
	switch ext {
	case "c", "h", "m", "java", "proto", "thrift", "v", "sv", "svh", "glsl", "vert", "frag", "comp", "hlsl", "wgsl", "metal",
		"zig", "y", "l", "idl", "dts", "dtsi", "rc", "fbs", "cl", "pony":
		if ext == "java" {
			c.quotes = []quote{long(`"""`, '\\'), double()}
		}
	case "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "inl", "tpp", "ino", "cu", "cuh", "mm":
		c.special |= cppRaw
	case "go":
		c.quotes = []quote{double(), long("`", 0)}
	case "rs":
		c.blocks, c.quotes = nestedBlock("/*", "*/"), []quote{long(`"`, '\\')}
		c.special |= rustRaw
	case "cs", "csx":
		c.quotes = []quote{long(`"""`, 0), {open: `@"`, close: `"`, lines: true}, double()}
	case "swift":
		c.blocks, c.quotes = nestedBlock("/*", "*/"), []quote{{open: `#"`, close: `"#`, lines: true}, long(`"""`, '\\'), double()}
	case "kt", "kts", "scala", "sc", "sbt":
		c.blocks, c.quotes = nestedBlock("/*", "*/"), []quote{long(`"""`, 0), double()}
	case "d":
		c.blocks = append(nestedBlock("/+", "+/"), cBlock()...)
		c.quotes = []quote{long("`", 0), long(`"`, '\\')}
	case "dart":
		c.blocks, c.special = nestedBlock("/*", "*/"), 0
		c.quotes = []quote{long(`"""`, '\\'), long("'''", '\\'), double(), single()}
	case "groovy", "gradle", "gvy":
		c.special = 0
		c.quotes = []quote{long(`"""`, '\\'), long("'''", '\\'), double(), single()}
	case "sol", "jsonc", "json5", "jsonnet", "libsonnet", "scss", "sass", "less", "styl", "cue", "typ", "adoc", "asciidoc", "prisma", "bicep", "pcss":
		c.special, c.quotes = 0, []quote{double(), single()}
	case "css":
		c.lines, c.special, c.quotes = nil, 0, []quote{double(), single()}
	default:
		return nil
	}
	return c
}

// scriptFamily are JavaScript, its relatives, and PHP.
func scriptFamily(ext string) *syntax {
	js := &syntax{lines: rem("//"), blocks: cBlock(), quotes: []quote{double(), single()}, special: slashes | template}
	switch ext {
	case "js", "mjs", "cjs", "ts", "mts", "cts", "es6", "qml":
		return js
	case "jsx", "tsx":
		js.jsx = true
		return js
	case "mdx":
		return &syntax{blocks: []block{{open: "/*", close: "*/"}, {open: "<!--", close: "-->"}}, quotes: fences(), jsx: true}
	case "php", "phtml", "php5":
		code := &syntax{
			lines: rem("//", "#"), blocks: cBlock(),
			quotes: []quote{long(`"`, '\\'), long("'", '\\'), {open: "#[", close: "]"}}, special: phpDoc,
		}
		html := markupFamily("html")
		html.regions = append([]region{{open: "<?", close: "?>", syntax: code}}, html.regions...)
		return html
	}
	return nil
}

// hashFamily are the languages whose comments begin with #.
func hashFamily(ext string) *syntax {
	h := &syntax{lines: rem("#"), quotes: []quote{double(), single()}}
	switch ext {
	case "py", "pyi", "pyw", "pyx", "pxd", "bzl", "star", "gd", "sage", "snakefile", "smk":
		h.quotes = []quote{long(`"""`, '\\'), long("'''", '\\'), double(), single()}
	case "sh", "bash", "zsh", "ksh", "bats", "ebuild", "command":
		h.lines, h.special = remAt(afterSpace, "#"), shellDoc|escapes
		h.quotes = []quote{{open: "$'", close: "'", escape: '\\', lines: true}, long(`"`, '\\'), long("'", 0)}
	case "fish":
		h.lines, h.special = remAt(afterSpace, "#"), escapes
		h.quotes = []quote{long(`"`, '\\'), long("'", '\\')}
	case "rb", "rake", "gemspec", "ru", "cr":
		h.lines, h.special = remAt(afterSpace, "#"), rubyDoc
		h.blocks = []block{{open: "=begin", close: "\n=end", lineStart: true}}
		h.quotes = []quote{long(`"`, '\\'), long("'", '\\')}
	case "pl", "pm", "t", "raku":
		h.lines, h.special = remAt(afterSpace, "#"), rubyDoc
		h.quotes = []quote{{open: "=pod", close: "\n=cut", lines: true, lineStart: true}, long(`"`, '\\'), long("'", '\\')}
	case "yaml", "yml", "neon":
		h.lines = remAt(afterSpace, "#")
	case "toml":
		h.quotes = []quote{long(`"""`, '\\'), long("'''", 0), double(), {open: "'", close: "'"}}
	case "tf", "tfvars", "hcl", "nomad":
		h.lines, h.blocks, h.special = rem("#", "//"), cBlock(), shellDoc
		h.quotes = []quote{double()}
	case "nix":
		h.blocks = cBlock()
		h.quotes = []quote{long("''", 0), long(`"`, '\\')}
	case "ex", "exs":
		h.quotes = []quote{long(`"""`, '\\'), long("'''", '\\'), long(`"`, '\\')}
	case "jl":
		h.blocks = nestedBlock("#=", "=#")
		h.quotes = []quote{long(`"""`, '\\'), long(`"`, '\\')}
	case "nim", "nims":
		h.blocks = nestedBlock("#[", "]#")
		h.quotes = []quote{long(`"""`, 0), double()}
	case "cmake":
		h.blocks = []block{{open: "#[[", close: "]]"}}
		h.quotes = []quote{long(`"`, '\\')}
	case "ps1", "psm1", "psd1":
		h.blocks = []block{{open: "<#", close: "#>"}}
		h.quotes = []quote{{open: `@"`, close: "\n\"@", lines: true}, {open: "@'", close: "\n'@", lines: true}, long(`"`, '`'), long("'", 0)}
	case "coffee":
		h.blocks = []block{{open: "###", close: "###"}}
		h.quotes = []quote{long(`"""`, '\\'), long("'''", '\\'), double(), single()}
	case "r", "rmd", "awk", "graphql", "gql", "tcl", "mk", "mak", "gn", "gni", "po", "feature", "robot", "rego", "dockerfile", "service":
	case "ini", "cfg", "conf", "desktop", "properties", "env", "gitignore":
		h.lines, h.quotes = remAt(afterSpace, "#", ";"), nil
	default:
		return nil
	}
	return h
}

// otherFamily are the languages that begin their comments otherwise.
func otherFamily(ext string) *syntax {
	s := &syntax{quotes: []quote{double()}}
	switch ext {
	case "sql", "psql", "ddl", "plsql", "pgsql", "mysql":
		s.lines, s.blocks, s.special = append(rem("--"), remAt(afterSpace, "#")...), nestedBlock("/*", "*/"), dollars
		s.quotes = []quote{long("'", 0), long(`"`, 0)}
	case "lua", "luau", "rockspec":
		s.lines, s.special = rem("--"), longs
		s.blocks = nil
		s.quotes = []quote{double(), single()}
	case "hs", "lhs", "elm", "purs", "agda", "idr":
		s.lines, s.blocks, s.special = rem("--"), nestedBlock("{-", "-}"), ticks
	case "adb", "ads", "vhd", "vhdl", "applescript":
		s.lines, s.special = rem("--"), ticks
	case "lisp", "lsp", "scm", "ss", "rkt", "el", "clj", "cljs", "cljc", "edn", "fnl", "hy", "janet":
		s.lines, s.special = rem(";"), escapes
		s.blocks = nestedBlock("#|", "|#")
		s.quotes = []quote{long(`"`, '\\')}
	case "asm", "s", "nasm":
		s.lines, s.blocks = rem(";", "#", "//"), cBlock()
	case "tex", "sty", "cls", "bib", "ltx", "dtx":
		s.lines, s.special, s.quotes = rem("%"), escapes, nil
	case "erl", "hrl", "pro", "mat", "matlab", "ps":
		s.lines = rem("%")
		s.blocks = append([]block{{open: "%{", close: "%}", lineStart: true}}, cBlock()...)
		s.quotes = []quote{double(), single()}
	case "vim", "vimrc":
		s.lines, s.quotes = remAt(lineStart, `"`, "#"), []quote{single(), double()}
	case "f", "f90", "f95", "f03", "f08", "for":
		s.lines, s.quotes = rem("!"), []quote{double(), {open: "'", close: "'"}}
	case "vb", "bas", "vbs":
		s.lines, s.quotes = rem("'"), []quote{{open: `"`, close: `"`}}
	case "bat", "cmd":
		s.lines, s.quotes = remAt(lineStart, "REM ", "rem ", "@REM ", "@rem ", "::"), nil
	case "ml", "mli", "fs", "fsi", "fsx", "sml":
		s.blocks, s.special, s.quotes = nestedBlock("(*", "*)"), ticks, []quote{long(`"""`, 0), long(`"`, '\\')}
		if ext[0] == 'f' {
			s.lines = rem("//")
		}
	case "pas", "pp", "dpr", "lpr":
		s.lines, s.quotes = rem("//"), []quote{{open: "'", close: "'"}}
		s.blocks = []block{{open: "{", close: "}"}, {open: "(*", close: "*)"}}
	case "ahk", "reg":
		s.lines = remAt(afterSpace, ";")
	default:
		return nil
	}
	return s
}

// fences are the parts of a Markdown text that show something instead of being it.
func fences() []quote {
	return []quote{
		{open: "```", close: "\n```", lines: true, lineStart: true},
		{open: "~~~", close: "\n~~~", lines: true, lineStart: true},
		{open: "``", close: "``"}, {open: "`", close: "`"},
	}
}

// markupFamily are texts with tags, and templates of them.
func markupFamily(ext string) *syntax {
	sgml := block{open: "<!--", close: "-->"}
	m := &syntax{blocks: []block{sgml}}
	switch ext {
	case "xml", "svg", "xsd", "xsl", "xslt", "plist", "xaml", "csproj", "fsproj", "props", "targets", "resx", "ui", "dtd", "wsdl", "rss", "atom", "kml":
	case "md", "markdown", "mkd":
		m.quotes = fences()
	case "html", "htm", "xhtml", "vue", "svelte", "astro", "hbs", "handlebars", "mustache", "ejs", "erb", "j2", "jinja", "jinja2", "twig", "njk", "liquid", "cshtml", "razor", "tmpl", "gohtml", "templ":
		m.blocks = append(m.blocks, templateBlocks(ext)...)
		m.regions = []region{
			{open: "<script", until: ">", close: "</script", syntax: scriptFamily("ts")},
			{open: "<style", until: ">", close: "</style", syntax: cFamily("scss")},
		}
		if ext == "astro" {
			m.regions = append(m.regions, region{open: "---\n", close: "\n---", syntax: scriptFamily("ts")})
		}
	case "rst":
		m.blocks, m.lines = nil, remAt(lineStart, ".. ")
	case "org":
		m.blocks, m.lines = nil, remAt(lineStart, "# ")
	default:
		return nil
	}
	return m
}

// templateBlocks are the comments of a template language.
func templateBlocks(ext string) []block {
	switch ext {
	case "hbs", "handlebars", "mustache":
		return []block{{open: "{{!--", close: "--}}"}, {open: "{{!", close: "}}"}}
	case "ejs", "erb":
		return []block{{open: "<%#", close: "%>"}, {open: "<%--", close: "--%>"}}
	case "j2", "jinja", "jinja2", "twig", "njk":
		return []block{{open: "{#", close: "#}"}}
	case "liquid":
		return []block{{open: "{% comment %}", close: "{% endcomment %}"}}
	case "cshtml", "razor":
		return []block{{open: "@*", close: "*@"}}
	case "tmpl", "gohtml":
		return []block{{open: "{{/*", close: "*/}}"}, {open: "{{- /*", close: "*/ -}}"}}
	case "astro", "templ":
		return cBlock()
	}
	return nil
}
