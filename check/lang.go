package check

import (
	"path"
	"strings"
)

// lang is what one language's tests look like, line by line: no parser is needed to see
// that a test is gone, and a text that does not parse is read all the same.
type lang struct {
	comments []string // what begins a comment that fills the line
	start    func(s *scan, line, trimmed string) (name string, ok bool)
	asserts  []string // what a line that checks something contains
	skips    []string // what skips a test, or lets it fail
	focus    []string // what runs this test alone
}

var slashes = []string{"//", "*", "/*"}

// langOf returns the language of a file, nil if its tests are not known.
func langOf(name string) *lang {
	switch strings.ToLower(path.Ext(name)) {
	case ".go":
		return &lang{
			comments: slashes[:1], start: goStart,
			asserts: []string{".Error(", ".Errorf(", ".Fatal(", ".Fatalf(", ".Fail(", ".FailNow(", "assert.", "require.", "is.", "qt.", "cmp.Diff(", "Expect(", "(t, ", "(t)", "// Output:", "// Unordered output:"},
			skips:   []string{".Skip(", ".Skipf(", ".SkipNow("},
			focus:   []string{"FIt(", "FDescribe("},
		}
	case ".py":
		return &lang{
			comments: []string{"#"}, start: pyStart,
			asserts: []string{"assert ", "assert(", "assert_", ".assert", "pytest.raises", "pytest.fail", "pytest.warns", "self.fail("},
			skips: []string{"mark.skip", "mark.xfail", "pytest.skip(", "pytest.xfail(", "unittest.skip", "@skip", ".skipTest(", "SkipTest", "expectedFailure",
				"pytest.importorskip(", "collect_ignore", "__test__ = False"},
		}
	case ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte":
		return &lang{
			comments: slashes, start: jsStart,
			asserts: []string{"expect(", "expect.", "assert(", "assert.", ".should.", ".should(", "t.is(", "t.equal(", "t.deepEqual(", "t.true(", "t.ok("},
			skips: []string{"it.skip", "test.skip", "describe.skip", "suite.skip", "context.skip", "xit(", "xtest(", "xdescribe(", "xcontext(", "it.todo", "test.todo", "test.fixme", "test.fails", "it.fails", "test.failing", "it.failing",
				".skipIf(", "this.skip()", "t.skip(", "skip: true", "pending("},
			focus: []string{"it.only", "test.only", "describe.only", "suite.only", "context.only", "fit(", "fdescribe(", "fcontext(", "only: true"},
		}
	case ".rb":
		return &lang{
			comments: []string{"#"}, start: rubyStart,
			asserts: []string{"expect(", "expect {", "expect do", "assert", "refute", ".should", "must_", "is_expected"},
			skips:   []string{"pending", "skip ", "skip(", "xit ", "xdescribe ", "xcontext ", "skip: ", "pending: "},
			focus:   []string{"fit ", "fdescribe ", "fcontext ", "focus: true", ":focus"},
		}
	case ".exs":
		return &lang{comments: []string{"#"}, start: rubyStart, asserts: []string{"assert", "refute"}, skips: []string{"@tag :skip", "@moduletag :skip", "@tag skip:"}}
	case ".bats":
		return &lang{comments: []string{"#"}, start: batsStart, asserts: []string{"[ ", "[[ ", "assert", "refute", "run "}, skips: []string{"skip"}}
	}
	return markedLang(name)
}

// markedLang is langOf for the languages whose tests mostly have an attribute or a macro.
func markedLang(name string) *lang {
	switch strings.ToLower(path.Ext(name)) {
	case ".rs":
		return &lang{
			comments: slashes[:1], start: rustStart,
			asserts: []string{"assert", "panic!(", ".unwrap_err()", "should_panic", "prop_assert", "unreachable!("},
			skips:   []string{"#[ignore", "cfg_attr(", "#[cfg(any())]", "#[cfg(FALSE)]"},
		}
	case ".java", ".kt", ".scala", ".groovy":
		return &lang{
			comments: slashes, start: jvmStart,
			asserts: []string{"assert", "verify(", "fail(", "expect", "should", "Truth."},
			skips:   []string{"@Disabled", "@Ignore", "Assume.assume", "Assumptions.assume", "assumeTrue(", "assumeFalse(", "enabled = false"},
		}
	case ".cs":
		return &lang{
			comments: slashes, start: csStart,
			asserts: []string{"Assert.", ".Should()", "Verify(", ".Should", "Expect("},
			skips:   []string{"Skip =", "Skip=", "[Ignore", "[Explicit", "Assert.Ignore(", "Assert.Inconclusive(", "Skip.If(", "Assert.Skip("},
		}
	case ".php":
		return &lang{
			comments: slashes, start: phpStart,
			asserts: []string{"assert", "expect", "->should", "fail("},
			skips:   []string{"markTestSkipped", "markTestIncomplete", "->skip(", "->todo("},
			focus:   []string{"->only("},
		}
	case ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp":
		return &lang{
			comments: slashes, start: cppStart,
			asserts: []string{"EXPECT_", "ASSERT_", "assert(", "CHECK(", "REQUIRE(", "CHECK_", "REQUIRE_", "FAIL("},
			skips:   []string{"GTEST_SKIP", "DISABLED_", "[!shouldfail]", "[!mayfail]", "[.]", "SKIP("},
		}
	case ".swift":
		return &lang{comments: slashes, start: swiftStart, asserts: []string{"XCTAssert", "XCTFail", "#expect(", "#require("}, skips: []string{"XCTSkip", ".disabled("}}
	}
	return nil
}

// ident returns the identifier that s begins with.
func ident(s string) string {
	for i, c := range s {
		if c != '_' && c != '$' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c < 0x80 {
			return s[:i]
		}
	}
	return s
}

// quoted returns the text of the string that s begins with.
func quoted(s string) (string, bool) {
	if s == "" || strings.IndexByte("'\"`", s[0]) < 0 {
		return "", false
	}
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == s[0] {
			return s[1:i], true
		}
	}
	return "", false
}

func goStart(_ *scan, line, _ string) (string, bool) {
	rest, ok := strings.CutPrefix(line, "func ")
	if !ok {
		return "", false
	}
	if strings.HasPrefix(rest, "(") { // a suite's method
		_, rest, _ = strings.Cut(rest, ") ")
	}
	name := ident(rest)
	for _, kind := range []string{"Test", "Fuzz", "Example"} {
		if after, ok := strings.CutPrefix(name, kind); ok && name != "TestMain" && strings.HasPrefix(rest[len(name):], "(") && (after == "" || after[0] < 'a' || after[0] > 'z') {
			return name, true
		}
	}
	return "", false
}

func pyStart(s *scan, line, trimmed string) (string, bool) {
	if rest, ok := strings.CutPrefix(trimmed, "class "); ok {
		s.class, s.classIndent = strings.Clone(ident(rest)), indent(line)
		return "", false
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(trimmed, "async "), "def test")
	if !ok {
		return "", false
	}
	name := "test" + ident(rest)
	if s.class != "" && indent(line) > s.classIndent {
		name = s.class + "." + name
	}
	return name, true
}

func jsStart(_ *scan, _, trimmed string) (string, bool) {
	word := ident(trimmed)
	switch word {
	case "it", "test", "xit", "fit", "xtest", "specify", "Deno":
	default:
		return "", false
	}
	open := strings.IndexByte(trimmed, '(')
	if open < 0 || contains(trimmed[:max(open, 0)], []string{".describe", ".step", ".before", ".after"}) || strings.Trim(trimmed[len(word):open], ".abcdefghijklmnopqrstuvwxyzIABCDEFGHJKLMNOPQRSTUVWXYZ") != "" {
		return "", false
	}
	if strings.HasSuffix(trimmed[:open], ".each") { // it.each([...])('name', …)
		if i := strings.Index(trimmed, ")("); i >= 0 {
			open = i + 1
		}
	}
	return quoted(strings.TrimSpace(trimmed[open+1:]))
}

func rustStart(s *scan, _, trimmed string) (string, bool) {
	if strings.HasPrefix(trimmed, "#[") {
		attr := trimmed[2:]
		attr = attr[:len(attr)-len(strings.TrimLeft(attr, "abcdefghijklmnopqrstuvwxyz_:"))]
		s.marked = s.marked || attr == "test" || strings.HasSuffix(attr, "::test") || attr == "rstest" || attr == "test_case" || attr == "wasm_bindgen_test" || attr == "quickcheck"
		if i := strings.LastIndex(trimmed, "] "); i < 0 {
			return "", false
		} else {
			trimmed = trimmed[i+2:]
		}
	}
	_, rest, ok := strings.Cut(" "+trimmed, " fn ")
	if !ok {
		return "", false
	}
	return ident(rest), s.takeMark()
}

func jvmStart(s *scan, _, trimmed string) (string, bool) {
	if strings.HasPrefix(trimmed, "@") {
		switch ident(trimmed[1:]) {
		case "Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "Property":
			s.marked = true
		}
		if !strings.Contains(trimmed, " void ") && !strings.Contains(trimmed, " fun ") {
			return "", false
		}
	}
	if _, rest, ok := strings.Cut(" "+trimmed, " fun "); ok {
		if name, ok := quoted(rest); ok {
			return name, s.takeMark()
		}
		return ident(rest), s.takeMark()
	}
	open := strings.IndexByte(trimmed, '(')
	if open < 0 || !s.marked || strings.HasPrefix(trimmed, "@") && !strings.Contains(trimmed, " void ") {
		return "", false
	}
	if strings.HasPrefix(trimmed, "@") {
		_, rest, _ := strings.Cut(trimmed, " void ")
		return ident(rest), s.takeMark()
	}
	name := trimmed[strings.LastIndexAny(trimmed[:open], " \t")+1 : open]
	return name, name != "" && s.takeMark()
}

func csStart(s *scan, _, trimmed string) (string, bool) {
	if strings.HasPrefix(trimmed, "[") {
		switch ident(trimmed[1:]) {
		case "Fact", "Theory", "Test", "TestCase", "TestMethod", "DataTestMethod", "SkippableFact":
			s.marked = true
		}
		return "", false
	}
	open := strings.IndexByte(trimmed, '(')
	if open < 0 || !s.marked {
		return "", false
	}
	name := trimmed[strings.LastIndexAny(trimmed[:open], " \t")+1 : open]
	return name, name != "" && s.takeMark()
}

func rubyStart(_ *scan, _, trimmed string) (string, bool) {
	if rest, ok := strings.CutPrefix(trimmed, "def test_"); ok {
		return "test_" + ident(rest), true
	}
	word, rest, ok := strings.Cut(trimmed, " ")
	switch word {
	case "it", "xit", "fit", "test", "specify", "scenario", "example":
		if ok {
			return quoted(strings.TrimSpace(rest))
		}
	}
	return "", false
}

func phpStart(s *scan, _, trimmed string) (string, bool) {
	if strings.HasPrefix(trimmed, "#[Test]") || strings.HasPrefix(trimmed, "* @test") || strings.HasPrefix(trimmed, "/** @test") {
		s.marked = true
		return "", false
	}
	if word := ident(trimmed); (word == "it" || word == "test") && strings.HasPrefix(trimmed[len(word):], "(") {
		return quoted(trimmed[len(word)+1:])
	}
	_, rest, ok := strings.Cut(trimmed, "function ")
	if !ok {
		return "", false
	}
	name := ident(rest)
	return name, name != "" && (s.takeMark() || strings.HasPrefix(name, "test"))
}

func cppStart(_ *scan, _, trimmed string) (string, bool) {
	word := ident(trimmed)
	switch word {
	case "TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TEST_CASE", "SCENARIO", "TEST_METHOD", "BOOST_AUTO_TEST_CASE":
	default:
		return "", false
	}
	rest, ok := strings.CutPrefix(trimmed[len(word):], "(")
	if !ok {
		return "", false
	}
	if name, ok := quoted(rest); ok {
		return name, true
	}
	name, _, _ := strings.Cut(rest, ")")
	return strings.ReplaceAll(name, "DISABLED_", ""), name != ""
}

func batsStart(_ *scan, _, trimmed string) (string, bool) {
	rest, ok := strings.CutPrefix(trimmed, "@test ")
	if !ok {
		return "", false
	}
	return quoted(rest)
}

func swiftStart(s *scan, _, trimmed string) (string, bool) {
	if strings.HasPrefix(trimmed, "@Test") {
		s.marked = true
	}
	_, rest, ok := strings.Cut(trimmed, "func ")
	name := ident(rest)
	return name, ok && name != "" && (s.takeMark() || strings.HasPrefix(name, "test"))
}
