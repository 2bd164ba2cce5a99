package agent_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "codeagent.dev/agent"

// law is the import law: for each package, which of ours it may import and why not
// more. "." is the root package. Tests may import more.
var law = map[string]struct {
	may string
	why string
}{
	".":                     {"", "the domain knows no adapter"},
	"api":                   {".", "the wire format is shared by client and gateway and knows neither"},
	"brief":                 {"", "a pure function of a tree and its history"},
	"check":                 {"", "it reads logs and contents and runs nothing"},
	"client":                {". api", "a front end must work without linking the daemon"},
	"cmd/agent":             {"*", "the one place that knows everything"},
	"config":                {".", "settings are read before anything else exists"},
	"daemon":                {". api daemon/gateway", "it runs parts that are handed to it"},
	"daemon/gateway":        {". api", "gateway and worker meet only in the store"},
	"daemon/worker":         {". brief check patch proc repo maker", "gateway and worker meet only in the store"},
	"hook":                  {". repo spool", "it writes git hooks, and knows what they leave for the daemon"},
	"maker":                 {". brief maker/coder maker/model patch proc", "a maker turns a Spec into a patch and knows no queue"},
	"maker/coder":           {"proc", "it drives agents in a directory and knows no job"},
	"maker/coder/codertest": {"maker/coder", "an agent for the tests of whoever drives one"},
	"maker/model":           {".", "it speaks to model servers and knows no job"},
	"maker/model/modeltest": {"", "a server of models for the tests of whoever asks one"},
	"mcp":                   {".", "it offers an agent.Jobs to other agents, and what needs more is handed to it"},
	"notify":                {". proc", "it follows an agent.Jobs and tells a person, and decides nothing"},
	"patch":                 {"", "a pure library"},
	"patch/batch":           {"patch", "patches and trees in memory, and nothing of disks or queues"},
	"patch/disk":            {"patch", "a directory and the writes of a patch, and nothing of git or queues"},
	"proc":                  {"", "it runs commands, whoever asks"},
	"repo":                  {". patch", "git, and nothing of queues"},
	"scripts/corpus":        {"patch patch/batch", "it measures the patch library alone"},
	"scripts/pictures":      {". store/mem tui tui/monitor", "it draws what the monitor draws"},
	"scripts/retrieval":     {"brief repo", "it measures the brief on histories that repo reads"},
	"spool":                 {". config repo", "notes and reflogs become requests; who stores them is handed to it"},
	"store":                 {". store/bolt store/mem", "it opens a driver by URL"},
	"store/bolt":            {".", "drivers do not know each other"},
	"store/mem":             {".", "drivers do not know each other"},
	"store/storetest":       {".", "the law of stores knows no store"},
	"tui":                   {".", "it draws an agent.Jobs, whoever implements it"},
	"tui/monitor":           {". patch tui", "it shows and asks; what only a program can do is handed to it"},
	"watch":                 {".", "it tells what changed, and nothing of git or queues"},
}

// owners names the only packages that may import a third-party module, so that it
// can be replaced in one place. Test files are free.
var owners = map[string]string{
	"github.com/coder/acp-go-sdk":            "maker/coder maker/coder/codertest",
	"charm.land/bubbletea/v2":                "tui tui/monitor",
	"github.com/bmatcuk/doublestar/v4":       "config",
	"github.com/go-git/go-git/v5":            "repo",
	"github.com/goccy/go-yaml":               "config",
	"github.com/fsnotify/fsnotify":           "watch",
	"github.com/gofrs/flock":                 "api",
	"github.com/charmbracelet/x/ansi":        "tui tui/monitor",
	"github.com/google/go-cmp":               "store/storetest",
	"github.com/spf13/cobra":                 "cmd/agent",
	"github.com/spf13/pflag":                 "cmd/agent",
	"go.etcd.io/bbolt":                       "store/bolt",
	"github.com/modelcontextprotocol/go-sdk": "mcp",
	"golang.org/x/sys":                       "api proc repo daemon cmd/agent store/bolt",
	"golang.org/x/term":                      "cmd/agent tui",
	"golang.org/x/tools":                     "maker",
	"gopkg.in/natefinch/lumberjack.v2":       "daemon",
}

func TestImportLaw(t *testing.T) {
	unused := maps.Clone(owners)
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			name = "."
		}
		rule, known := law[name]
		if !known && !strings.HasPrefix(name, "scripts/") {
			t.Errorf("package %s is not in the import law: add it to deps_test.go and ARCHITECTURE.md, with its reason", name)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, name, rule.may, rule.why, imp)
			maps.DeleteFunc(unused, func(mod, _ string) bool { return imp == mod || strings.HasPrefix(imp, mod+"/") })
		}
	}
	for mod, owner := range unused {
		t.Errorf("%s owns %s and does not import it: take it out of deps_test.go and ARCHITECTURE.md", owner, mod)
	}
}

func checkImport(t *testing.T, name, may, why, imp string) {
	if imp == module || strings.HasPrefix(imp, module+"/") {
		ours := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
		if ours == "" {
			ours = "."
		}
		if may != "*" && !slices.Contains(strings.Fields(may), ours) {
			t.Errorf("%s imports %s: %s", name, ours, why)
		}
		return
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return // the standard library
	}
	for mod, owner := range owners {
		if imp == mod || strings.HasPrefix(imp, mod+"/") {
			if !slices.Contains(strings.Fields(owner), name) {
				t.Errorf("%s imports %s, which belongs to %s", name, imp, owner)
			}
			return
		}
	}
	t.Errorf("%s imports %s, which has no owner: add it to deps_test.go and say in ARCHITECTURE.md why we take it", name, imp)
}

// heavy names packages whose init every command would pay for, the guard of every
// command included, and who would bring them in.
var heavy = map[string]string{
	"github.com/ProtonMail/go-crypto/openpgp":     "go-git's plumbing/object; 0.2 ms",
	"github.com/go-git/go-git/v5/plumbing/object": "repo/object.go does what is needed of it",
	"github.com/go-git/go-git/v5/plumbing/storer": "it brings go-git's configuration and URL parsing; 0.1 ms",
	"github.com/sergi/go-diff/diffmatchpatch":     "go-git's plumbing/object",
	"github.com/charmbracelet/bubbletea":          "it asks the terminal for its colours; 5 s on one that does not answer",
}

func TestNothingHeavyIsLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/agent").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(out)) {
		if why, ok := heavy[strings.TrimSpace(name)]; ok {
			t.Errorf("cmd/agent links %s: %s", strings.TrimSpace(name), why)
		}
	}
}

func TestArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range law {
		row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(name) + "` \\|.*\\| (.*)\\|$").FindStringSubmatch(string(text))
		if row == nil {
			t.Errorf("ARCHITECTURE.md has no row for package %s", name)
			continue
		}
		may := strings.Replace(strings.Trim(row[1], "` "), "all", "*", 1)
		if may != rule.may {
			t.Errorf("ARCHITECTURE.md lets %s import %q, the law %q", name, may, rule.may)
		}
	}
	for mod := range owners {
		if !strings.Contains(string(text), mod) {
			t.Errorf("ARCHITECTURE.md does not say why we take %s", mod)
		}
	}
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// listPackages asks the go command about every system we ship for, so that a
// forbidden import cannot hide behind a build constraint.
func listPackages(t *testing.T) []goPackage {
	var all []goPackage
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		dec := json.NewDecoder(strings.NewReader(string(out)))
		for {
			var p goPackage
			if err := dec.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
	}
	return all
}
