package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/check"
)

// edit is a change of one file; an empty text is no file.
func edit(path, before, after string) check.Change {
	c := check.Change{Path: path}
	if before != "" {
		c.Old = []byte(before)
	}
	if after != "" {
		c.New = []byte(after)
	}
	return c
}

// briefly says of findings what a person would check: "! kind path:line name".
func briefly(found []check.Finding) []string {
	var out []string
	for _, f := range found {
		mark := "  "
		if f.Warning {
			mark = "! "
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s%s %s:%d %s", mark, f.Kind, f.Path, f.Line, f.Name)))
	}
	return out
}

const goTests = `package x

import "testing"

func TestAdd(t *testing.T) {
	if Add(1, 1) != 2 {
		t.Error("one and one")
	}
	if Add(2, 2) != 4 {
		t.Error("two and two")
	}
}

func TestSub(t *testing.T) {
	got := Sub(3, 1)
	if got != 2 {
		t.Fatalf("got %d", got)
	}
}
`

const pyTests = `import pytest

class TestCalc:
    def test_add(self):
        assert add(1, 1) == 2
        assert add(2, 2) == 4

    def test_sub(self):
        result = sub(3, 1)
        assert result == 2

def test_alone():
    with pytest.raises(ValueError):
        parse("x")
`

const jsTests = `describe('calc', () => {
  it('adds', () => {
    expect(add(1, 1)).toBe(2);
    expect(add(2, 2)).toBe(4);
  });

  it("subtracts", async () => {
    const got = sub(3, 1);
    expect(got).toBe(2);
  });
});
`

const rustTests = `pub fn add() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(1, 1), 2);
        assert_eq!(add(2, 2), 4);
    }

    #[tokio::test]
    async fn subtracts() {
        let got = sub(3, 1);
        assert_eq!(got, 2);
    }
}
`

const javaTests = `class CalcTest {
    @Test
    void adds() {
        assertEquals(2, add(1, 1));
        assertEquals(4, add(2, 2));
    }

    @Test
    public void subtracts() throws Exception {
        int got = sub(3, 1);
        assertEquals(2, got);
    }
}
`

const csTests = `public class CalcTests
{
    [Fact]
    public void Adds()
    {
        Assert.Equal(2, Add(1, 1));
        Assert.Equal(4, Add(2, 2));
    }
}
`

const rubyTests = `describe Calc do
  it "adds" do
    expect(add(1, 1)).to eq(2)
  end

  it "subtracts" do
    got = sub(3, 1)
    expect(got).to eq(2)
  end
end
`

func swap(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic("no such text: " + pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// before returns a text up to a mark.
func before(text, mark string) string {
	head, _, _ := strings.Cut(text, mark)
	return head
}

var tamperings = []struct {
	name    string
	changes []check.Change
	want    []string
}{
	{"go: test removed", []check.Change{edit("x_test.go", goTests, before(goTests, "func TestSub"))}, []string{"! test_removed x_test.go:14 TestSub"}},
	{"go: skip", []check.Change{edit("x_test.go", goTests, swap(goTests, "	got := Sub", "	t.Skip(\"flaky\")\n	got := Sub"))}, []string{"! skip_added x_test.go:15 TestSub"}},
	{"go: half of the checks", []check.Change{edit("x_test.go", goTests, swap(goTests, "		t.Error(\"two and two\")\n", ""))}, []string{"! asserts_dropped x_test.go:5 TestAdd"}},
	{"go: file deleted", []check.Change{edit("x_test.go", goTests, "")}, []string{"! test_file_removed x_test.go:0"}},
	{"go: renamed away", []check.Change{{Path: "x_test.go.txt", OldPath: "x_test.go", Old: []byte(goTests), New: []byte(goTests)}}, []string{"! test_file_removed x_test.go:0"}},
	{"go: build tag", []check.Change{edit("x_test.go", goTests, "//go:build integration\n\n"+goTests)}, []string{"! build_tag_added x_test.go:1"}},
	{"go: a helper checks", []check.Change{edit("x_test.go", goTests, swap(goTests, "	if got != 2 {\n		t.Fatalf(\"got %d\", got)\n	}\n", "	equal(t, got, 2)\n"))}, nil},
	{"go: checks now in a function of their own", []check.Change{edit("x_test.go", goTests, swap(goTests, "func TestSub(t *testing.T) {\n	got := Sub(3, 1)\n", "func TestSub(t *testing.T) {\n	got := Sub(3, 1)\n	run(got)\n}\n\nfunc run(got int) {\n"))}, []string{"asserts_dropped x_test.go:14 TestSub"}},
	{"go: a skip goes from one test to another", []check.Change{edit("x_test.go", swap(goTests, "	if Add(1", "	t.Skip()\n	if Add(1"), swap(goTests, "	got := Sub", "	t.Skip()\n	got := Sub"))}, []string{"! skip_added x_test.go:15 TestSub"}},
	{"perl: file deleted", []check.Change{edit("t/basic.t", "ok(1);\n", "")}, []string{"! test_file_removed t/basic.t:0"}},
	{"go: nolint of one rule", []check.Change{edit("x.go", "package x\n\nvar a = b()\n", "package x\n\nvar a = b() //nolint:gosec // b is ours\n")}, []string{"suppression_added x.go:3"}},
	{"go: nolint in a string", []check.Change{edit("x.go", "package x\n\n", "package x\n\nvar a = \"//nolint\"\n")}, nil},
	{"go: nolint moved", []check.Change{edit("x.go", "package x\n\nvar a = b() //nolint\n", "package x\n"), edit("y.go", "package x\n", "package x\n\nvar a = b() //nolint\n")}, nil},
	{"go: line rewritten under a nolint", []check.Change{edit("x.go", "package x\n\nvar a = b() //nolint\n", "package x\n\nvar a = c() //nolint\n")}, nil},
	{"ci: another version", []check.Change{edit(".github/workflows/ci.yml", "steps:\n  - uses: actions/checkout@aaaa # v1\n  - run: make test\n", "steps:\n  - uses: actions/checkout@bbbb # v2\n  - run: make test\n")}, []string{"config_changed .github/workflows/ci.yml:0"}},
	{"ci: a workflow that checks nothing", []check.Change{edit(".github/workflows/stale.yml", "days: 1\n", "days: 2\n")}, nil},
	{"go: nolint", []check.Change{edit("x.go", "package x\n\nvar a = b()\n", "package x\n\nvar a = b() //nolint:all\n")}, []string{"! suppression_added x.go:3"}},
	{"go: raw string at the margin", []check.Change{edit("x_test.go", goTests, swap(goTests, "	if Add(1, 1) != 2 {", "	const text = `\nmargin\n`\n	if Add(1, 1) != 2 {"))}, nil},
	{"go: test added, with a skip of its own", []check.Change{edit("x_test.go", goTests, goTests+"\nfunc TestNew(t *testing.T) {\n	t.Skip(\"needs a server\")\n}\n")}, nil},
	{"go: renamed and changed", []check.Change{edit("x_test.go", goTests, swap(goTests, "TestSub", "TestSubtract", "got %d", "got %d, want 2"))}, nil},
	{"go: renamed and skipped", []check.Change{edit("x_test.go", goTests, swap(goTests, "TestSub(t *testing.T) {", "TestSubtract(t *testing.T) {\n	t.SkipNow()"))}, []string{"! skip_added x_test.go:15 TestSubtract"}},
	{"go: moved to another file", []check.Change{edit("x_test.go", goTests, before(goTests, "func TestSub")), edit("y_test.go", "", "package x\n\nfunc TestSub"+strings.SplitN(goTests, "func TestSub", 2)[1])}, nil},
	{"go: only a comment says skip", []check.Change{edit("x_test.go", goTests, swap(goTests, "	got := Sub", "	// not t.Skip(): it must run\n	got := Sub"))}, nil},

	{"python: test removed from a class", []check.Change{edit("tests/test_calc.py", pyTests, swap(pyTests, "    def test_sub(self):\n        result = sub(3, 1)\n        assert result == 2\n\n", ""))}, []string{"! test_removed tests/test_calc.py:8 TestCalc.test_sub"}},
	{"python: skip and xfail", []check.Change{edit("tests/test_calc.py", pyTests, swap(pyTests, "    def test_sub", "    @pytest.mark.skip(reason=\"later\")\n    def test_sub", "def test_alone", "@pytest.mark.xfail\ndef test_alone"))},
		[]string{"! skip_added tests/test_calc.py:8 TestCalc.test_sub", "! skip_added tests/test_calc.py:13 test_alone"}},
	{"python: noqa and type: ignore", []check.Change{edit("a.py", "x = f()\ny = g()\n", "x = f()  # noqa\ny = g()  # type: ignore\n")}, []string{"! suppression_added a.py:1", "! suppression_added a.py:2"}},
	{"python: checks dropped", []check.Change{edit("test_calc.py", pyTests, swap(pyTests, "        assert result == 2\n", "        done = 1\n"))}, []string{"! asserts_dropped test_calc.py:8 TestCalc.test_sub"}},

	{"js: removed", []check.Change{edit("calc.test.js", jsTests, before(jsTests, "  it(\"subtracts")+"});\n")}, []string{"! test_removed calc.test.js:7 subtracts"}},
	{"js: it.skip", []check.Change{edit("calc.test.js", jsTests, swap(jsTests, "it('adds'", "it.skip('adds'"))}, []string{"! skip_added calc.test.js:2 adds"}},
	{"js: xit", []check.Change{edit("calc.test.js", jsTests, swap(jsTests, "it('adds'", "xit('adds'"))}, []string{"! skip_added calc.test.js:2 adds"}},
	{"js: only", []check.Change{edit("calc.spec.ts", jsTests, swap(jsTests, "it('adds'", "it.only('adds'"))}, []string{"! focus_added calc.spec.ts:2 adds"}},
	{"js: fdescribe", []check.Change{edit("calc.spec.ts", jsTests, swap(jsTests, "describe(", "fdescribe("))}, []string{"! focus_added calc.spec.ts:1"}},
	{"js: exit( is no xit(", []check.Change{edit("calc.spec.ts", jsTests, swap(jsTests, "const got", "process.exit(0); const got"))}, nil},
	{"js: eslint-disable, ts-ignore", []check.Change{edit("a.ts", "let x;\n", "// eslint-disable-next-line\nlet x;\n// @ts-ignore\nlet y;\n")}, []string{"! suppression_added a.ts:1", "! suppression_added a.ts:3"}},

	{"rust: ignore", []check.Change{edit("src/lib.rs", rustTests, swap(rustTests, "    #[test]\n", "    #[test]\n    #[ignore]\n"))}, []string{"! skip_added src/lib.rs:8 adds"}},
	{"rust: attribute gone", []check.Change{edit("src/lib.rs", rustTests, swap(rustTests, "    #[tokio::test]\n", ""))}, []string{"! test_removed src/lib.rs:14 subtracts"}},
	{"java: disabled", []check.Change{edit("src/test/java/CalcTest.java", javaTests, swap(javaTests, "    public void subtracts", "    @Disabled(\"later\")\n    public void subtracts"))}, []string{"! skip_added src/test/java/CalcTest.java:9 subtracts"}},
	{"java: removed", []check.Change{edit("CalcTest.java", javaTests, before(javaTests, "    @Test\n    public")+"}\n")}, []string{"! test_removed CalcTest.java:9 subtracts"}},
	{"c#: skip", []check.Change{edit("CalcTests.cs", csTests, swap(csTests, "[Fact]", "[Fact(Skip = \"later\")]"))}, []string{"! skip_added CalcTests.cs:3 Adds"}},
	{"ruby: pending", []check.Change{edit("spec/calc_spec.rb", rubyTests, swap(rubyTests, "    got = sub", "    pending\n    got = sub"))}, []string{"! skip_added spec/calc_spec.rb:7 subtracts"}},
	{"php: skipped", []check.Change{edit("tests/CalcTest.php", "<?php\nclass CalcTest {\n  public function testAdd() {\n    $this->assertSame(2, add(1, 1));\n  }\n}\n", "<?php\nclass CalcTest {\n  public function testAdd() {\n    $this->markTestSkipped();\n    $this->assertSame(2, add(1, 1));\n  }\n}\n")}, []string{"! skip_added tests/CalcTest.php:4 testAdd"}},
	{"c++: disabled", []check.Change{edit("calc_test.cc", "TEST(Calc, Add) {\n  EXPECT_EQ(2, add(1, 1));\n}\n", "TEST(Calc, DISABLED_Add) {\n  EXPECT_EQ(2, add(1, 1));\n}\n")}, []string{"! skip_added calc_test.cc:1 Calc, Add"}},

	{"snapshot", []check.Change{edit("web/__snapshots__/a.test.js.snap", "a\n", "b\n")}, []string{"snapshot_changed web/__snapshots__/a.test.js.snap:0"}},
	{"agent.yaml", []check.Change{edit(".agent.yaml", "checks:\n  - go test ./...\n", "checks:\n  - true\n")}, []string{"! config_changed .agent.yaml:2"}},
	{"ci: a step more", []check.Change{edit(".github/workflows/ci.yml", "steps:\n  - run: make test\n", "steps:\n  - run: make test\n  - run: make lint\n")}, []string{"config_changed .github/workflows/ci.yml:3"}},
	{"ci: || true", []check.Change{edit(".github/workflows/ci.yml", "steps:\n", "steps:\n  - run: make test || true\n")}, []string{"! config_changed .github/workflows/ci.yml:2"}},
	{"make: target of tests", []check.Change{edit("Makefile", "build:\n\tgo build\n\ntest:\n\tgo test ./...\n", "build:\n\tgo build\n\ntest:\n\tgo test ./a\n")}, []string{"! config_changed Makefile:5"}},
	{"make: another target", []check.Change{edit("Makefile", "build:\n\tgo build\n\ntest:\n\tgo test ./...\n", "build:\n\tgo build -v\n\ntest:\n\tgo test ./...\n")}, nil},
	{"package.json: script", []check.Change{edit("package.json", `{"scripts": {"test": "jest"}, "version": "1"}`, `{"scripts": {"test": "jest --passWithNoTests"}, "version": "1"}`)}, []string{"! config_changed package.json:1"}},
	{"package.json: dependency", []check.Change{edit("package.json", `{"scripts": {"test": "jest"}, "version": "1"}`, `{"scripts": {"test": "jest"}, "version": "2"}`)}, nil},
	{"pyproject: coverage", []check.Change{edit("pyproject.toml", "[project]\nname = \"x\"\n[tool.coverage.report]\nfail_under = 90\n", "[project]\nname = \"y\"\n[tool.coverage.report]\nfail_under = 10\n")}, []string{"! config_changed pyproject.toml:4"}},
	{"pyproject: version", []check.Change{edit("pyproject.toml", "[project]\nversion = \"1\"\n[tool.pytest.ini_options]\n", "[project]\nversion = \"2\"\n[tool.pytest.ini_options]\n")}, nil},
	{"ci: versions of a matrix, its label", []check.Change{ci("name: a", "node: [18, 20]", "- \"4.8\"", "python: '3.9'", "run: make test", "name: b", "node: [18, 20, 22]", "- \"4.9\"", "python: '3.10'", "run: make test")}, []string{"config_changed .github/workflows/ci.yml:0"}},
	{"ci: a version and a test less", []check.Change{ci("node: [18, 20]", "run: make test", "run: make e2e", "node: [20]", "run: make test", "name: c")}, []string{"! config_changed .github/workflows/ci.yml:0"}},
	{"ci: a bound is no version", []check.Change{ci("run: python -m pytest --cov-min=90", "name: a", "run: python -m pytest --cov-min=9", "name: a")}, []string{"! config_changed .github/workflows/ci.yml:2"}},
	{"ci: retries", []check.Change{ci("run: node --test --retries=0", "name: a", "run: node --test --retries=5", "name: a")}, []string{"! config_changed .github/workflows/ci.yml:2"}},
	{"ci: another workflow", []check.Change{edit(".github/workflows/e2e.yml", "", "run: make test\npaths-ignore: docs\n")}, []string{"config_changed .github/workflows/e2e.yml:0"}},
	{"ci: deleted", []check.Change{edit(".github/workflows/ci.yml", "run: make test\n", "")}, []string{"! config_changed .github/workflows/ci.yml:0"}},
	{"ci: a release builds in another way", []check.Change{edit(".github/workflows/release.yml", "run: make build\n", "run: make build V=1\n")}, []string{"config_changed .github/workflows/release.yml:1"}},
	{"ci: a release no longer tests", []check.Change{edit(".github/workflows/release.yml", "run: make test\n", "run: make test || true\n")}, []string{"! config_changed .github/workflows/release.yml:1"}},
	{"mypy: more files", []check.Change{edit("setup.cfg", "[mypy]\nfiles = src\n", "[mypy]\nfiles = src, tests/typing\n")}, []string{"config_changed setup.cfg:0"}},
	{"mypy: other files", []check.Change{edit("setup.cfg", "[mypy]\nfiles = src\n", "[mypy]\nfiles = src2\n")}, []string{"! config_changed setup.cfg:2"}},
	{"conftest: a fixture", []check.Change{edit("tests/conftest.py", "def db():\n    return 1\n", "def db():\n    return 2\n")}, []string{"config_changed tests/conftest.py:2"}},
	{"conftest: what is collected", []check.Change{edit("tests/conftest.py", "def db():\n    return 1\n", "def pytest_collection_modifyitems(items):\n    items.clear()\n")}, []string{"! config_changed tests/conftest.py:1"}},
	{"java: assertThrows", []check.Change{edit("CalcTest.java", swap(javaTests, "int got = sub(3, 1);\n        assertEquals(2, got);", "try {\n            sub(3, x);\n            fail();\n        } catch (IOException e) {\n            assertEquals(2, e.code);\n        }"), swap(javaTests, "int got = sub(3, 1);\n        assertEquals(2, got);", "assertThrows(IOException.class, () -> sub(3, x));"))}, nil},
	{"new tests", []check.Change{edit("x_test.go", "", goTests), edit("test_calc.py", "", pyTests), edit("calc.test.js", "", jsTests)}, nil},
	{"code that only looks like a test", []check.Change{edit("maker.go", "package x\n\nfunc TestAdd(t T) { t.Error() }\n", "package x\n")}, nil},
}

// ci is a workflow whose lines are the first half before, and the second half after.
func ci(lines ...string) check.Change {
	half := len(lines) / 2
	return edit(".github/workflows/ci.yml", "steps: test\n"+strings.Join(lines[:half], "\n")+"\n", "steps: test\n"+strings.Join(lines[half:], "\n")+"\n")
}

func TestTampering(t *testing.T) {
	for _, c := range tamperings {
		t.Run(c.name, func(t *testing.T) {
			found := check.Tampering(c.changes)
			if diff := cmp.Diff(c.want, briefly(found)); diff != "" {
				t.Errorf("%s\n%v", diff, found)
			}
			for _, f := range found {
				if f.Text == "" || strings.ContainsAny(f.Text, "\n\r") {
					t.Errorf("text of %v is not one line", f)
				}
			}
		})
	}
}

func TestIsTest(t *testing.T) {
	for name, want := range map[string]bool{
		"x_test.go": true, "x.go": false, "store/storetest/suite.go": false, "patch/testdata/a.txtar": true, "test/helper.go": false, "tests/test_a.py": true, "a/test_b.py": true,
		"conftest.py": true, "src/a.test.tsx": true, "src/__tests__/a.js": true, "src/a.ts": false, "spec/models/user_spec.rb": true, "spec/fixtures/u.json": true,
		"src/test/java/A.java": true, "src/main/java/demo/test/A.java": false, "src/main/java/Contest.java": false, "CalcTest.java": true, "tests/it.rs": true, "src/lib.rs": false,
		"__snapshots__/a.snap": true, "t/a.t": true, "node_modules/x/test/a.js": false, "docs/tests.md": false, "latest.py": false, "web/contest.js": false, "cmd/x.golden": true,
	} {
		if got := check.IsTest(name); got != want {
			t.Errorf("IsTest(%q) = %v", name, got)
		}
	}
}
