package check

import (
	"path"
	"strings"
)

// IsTest reports whether a file belongs to the tests by its path: tests themselves, their
// snapshots, golden files and fixtures, and what configures a runner from among them. A
// second run with the base's version of the tests takes these files from the base.
func IsTest(name string) bool {
	name = strings.TrimPrefix(strings.ReplaceAll(name, "\\", "/"), "./")
	if vendored(name) {
		return false
	}
	return hasDir(name, testDirs) || testName(path.Base(name)) || snapshot(name) || inTestTree(name)
}

// Directories that hold nothing but what belongs to tests.
var testDirs = []string{"testdata", "__tests__", "__test__", "__snapshots__", "__fixtures__", "__mocks__", "test-fixtures", "testfixtures", "androidTest", "cypress"}

// Directories that hold tests where they stand at the top or in a package: under src/main they
// would be code.
var testTrees = []string{"test", "tests", "spec", "specs", "e2e", "t", "features"}

func hasDir(name string, dirs []string) bool {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		base := path.Base(dir)
		for _, d := range dirs {
			if base == d {
				return true
			}
		}
	}
	return false
}

// inTestTree reports whether a file lies in a tree of tests. A package that is called test,
// as tools for testing have, is code in Go, where tests are known by their names.
func inTestTree(name string) bool {
	ext := path.Ext(name)
	if ext == ".go" || ext == ".md" || !hasDir(name, testTrees) || hasDir(name, []string{"main"}) && strings.Contains(name, "src/main/") {
		return false
	}
	if hasDir(name, []string{"t"}) && !hasDir(name, testTrees[:4]) {
		return ext == ".t" || strings.HasPrefix(name, "t/")
	}
	return true
}

// testName reports whether a file's own name says that it is a test.
func testName(base string) bool {
	stem, ext := strings.TrimSuffix(base, path.Ext(base)), strings.ToLower(path.Ext(base))
	switch ext {
	case ".go", ".dart", ".exs", ".zig":
		return strings.HasSuffix(stem, "_test")
	case ".py", ".pyi":
		return strings.HasPrefix(stem, "test_") || strings.HasSuffix(stem, "_test") || stem == "tests" || stem == "conftest"
	case ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte":
		return hasEnd(stem, ".test", ".spec", ".e2e", ".cy", "-test", "_test", ".stories.test") || stem == "test"
	case ".java", ".kt", ".kts", ".scala", ".groovy":
		return hasEnd(stem, "Test", "Tests", "TestCase", "IT", "Spec", "Suite") || strings.HasPrefix(stem, "Test") && len(stem) > 4 && upper(stem[4])
	case ".cs", ".fs", ".vb":
		return hasEnd(stem, "Test", "Tests", "Specs")
	case ".php", ".swift", ".m", ".mm":
		return hasEnd(stem, "Test", "Tests", "Spec")
	case ".rb":
		return hasEnd(stem, "_spec", "_test") || stem == "spec_helper" || stem == "rails_helper" || stem == "test_helper"
	case ".rs":
		return stem == "tests" || stem == "test" || hasEnd(stem, "_test", "_tests")
	case ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp":
		return hasEnd(stem, "_test", "_tests", "_unittest", "Test", "Tests") || strings.HasPrefix(stem, "test_")
	case ".bats", ".t", ".feature":
		return true
	}
	return false
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func hasEnd(s string, ends ...string) bool {
	for _, end := range ends {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

// snapshot reports whether a file holds what tests compare with.
func snapshot(name string) bool {
	base := strings.ToLower(path.Base(name))
	if hasEnd(base, ".snap", ".golden", ".snap.new", ".approved.txt", ".verified.txt", ".ambr") {
		return true
	}
	return hasDir(name, []string{"__snapshots__", "snapshots", "golden", "goldens", "__image_snapshots__"}) || strings.HasSuffix(base, ".txtar") && hasDir(name, testDirs)
}

// vendored reports whether a file is another project's.
func vendored(name string) bool {
	return hasDir(name, []string{"node_modules", "vendor", "third_party", "bower_components"})
}
