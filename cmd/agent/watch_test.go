package main_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
)

const (
	firstGo   = "package main\n\nfunc First(l []int) int {\n\treturn l[0]\n}\n"
	firstFix  = "main.go\n<<<<<<< SEARCH\n\treturn l[0]\n=======\n\tif len(l) == 0 {\n\t\treturn 0\n\t}\n\treturn l[0]\n>>>>>>> REPLACE\n"
	fixedGo   = "package main\n\nfunc First(l []int) int {\n\tif len(l) == 0 {\n\t\treturn 0\n\t}\n\treturn l[0]\n}\n"
	commented = "package main\n\n// agent: handle the empty list\nfunc First(l []int) int {\n\treturn l[0]\n}\n"
)

// watching is a world in which `agent watch` runs.
type watching struct {
	*world
	lines chan string
	stop  func()
}

func newWatching(t testing.TB, answer string, flags ...string) *watching {
	t.Helper()
	w := newWorld(t)
	w.write("main.go", firstGo, ".gitignore", "out/\n")
	w.commit("start")
	return w.watch(answer, flags...)
}

// watch begins to watch, with a maker that always gives the same answer.
func (w *world) watch(answer string, flags ...string) *watching {
	w.t.Helper()
	script := filepath.Join(w.home, "answers.txtar")
	if err := os.WriteFile(script, []byte("-- * --\n"+answer), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cmd := w.command(w.bin, append([]string{"watch", "--maker", "scripted:" + script}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout // after StdoutPipe: one stream, as on a terminal
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	r := &watching{world: w, lines: make(chan string, 1000)}
	go func() {
		defer close(r.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
	}()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			w.t.Errorf("agent watch ended with %v", err)
		}
	}
	w.t.Cleanup(r.stop)
	r.says("watching ")
	return r
}

// says waits for a line that holds the text.
func (w *watching) says(text string) string {
	w.t.Helper()
	var seen []string
	for limit := time.After(30 * time.Second); ; {
		select {
		case line, ok := <-w.lines:
			if !ok {
				w.t.Fatalf("it ended without saying %q, but\n%s", text, strings.Join(seen, "\n"))
			}
			if seen = append(seen, line); strings.Contains(line, text) {
				return line
			}
		case <-limit:
			w.t.Fatalf("it did not say %q, but\n%s", text, strings.Join(seen, "\n"))
		}
	}
}

func (w *watching) file(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.repo, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// save replaces a file as an editor does.
func (w *watching) save(name, text string) {
	w.t.Helper()
	tmp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".swp")
	w.write(tmp, text)
	if err := os.Rename(filepath.Join(w.repo, tmp), filepath.Join(w.repo, name)); err != nil {
		w.t.Fatal(err)
	}
}

// A comment on uncommitted work becomes a job on that work; its result takes the
// comment out, and is the person's to apply and to undo.
func TestWatchMakesAJobOfAComment(t *testing.T) {
	w := newWatching(t, firstFix)
	w.save("main.go", commented+"\nvar uncommitted = 1\n")
	if line := w.says("-> job 1"); !strings.HasPrefix(line, "main.go:3: handle the empty list") {
		t.Errorf("it says %q", line)
	}
	w.says("job 1 ○ unverified: 1 file +3 -1  (main.go:3)")
	if got := w.file("main.go"); got != commented+"\nvar uncommitted = 1\n" {
		t.Errorf("nobody applied it, and the file is %q", got)
	}
	job := w.job("1")
	if job.Spec.Origin.Via != "watch" || job.Spec.Title != "handle the empty list" {
		t.Errorf("%+v", job.Spec)
	}
	if got := w.run("", "branch", "1", "b"); got.status == 0 || !strings.Contains(got.stderr, "not committed") {
		t.Errorf("a branch of it: %+v", got)
	}
	w.ok("branch", "1", "b", "--with-uncommitted")
	if got := w.git("show", "b:main.go"); got+"\n" != fixedGo+"\nvar uncommitted = 1\n" {
		t.Errorf("the branch has %q", got)
	}
	w.ok("apply", "1")
	if got := w.file("main.go"); got != fixedGo+"\nvar uncommitted = 1\n" {
		t.Errorf("applied, the file is %q", got)
	}
	w.save("other.go", "package main // agent: another one\n") // told no earlier than that the file was changed
	w.says("-> job 2")
	w.ok("undo", "1")
	w.says("(job 1 is that already: unverified)")
	if got := w.git("diff", "--cached", "--name-only"); got != "" {
		t.Errorf("the index was touched: %s", got)
	}
}

func TestWatchAppliesWhatIsVerified(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo, ".agent.yaml", "checks: [grep -q len main.go]\n")
	w.commit("start")
	r := w.watch(firstFix, "--apply")
	r.save("main.go", commented)
	r.says("job 1 ✓ verified")
	r.says("applied 1/1 (verified)")
	if got := r.file("main.go"); got != fixedGo {
		t.Errorf("the file is %q", got)
	}
	w.write("ask.go", "package main // agent! and this\n") // its answer fits only the old main.go
	r.says("-> job 2")
	r.says("job 2 – no patch")
	if first, second := w.job("1").Spec.Priority, w.job("2").Spec.Priority; second <= first {
		t.Errorf("the urgent one has priority %d, the other one %d", second, first)
	}
}

// The file goes on being edited while the job is made: nothing is overwritten.
func TestWatchAppliesNothingOverLaterWork(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo, ".agent.yaml", "checks: ['while [ ! -e ../go ]; do sleep 0.02; done']\n")
	w.commit("start")
	gate := filepath.Join(w.home, "go")
	w.write(".agent.yaml", fmt.Sprintf("checks: ['while [ ! -e %s ]; do sleep 0.02; done']\n", gate))
	r := w.watch(firstFix, "--apply")
	r.save("main.go", commented)
	r.says("-> job 1")
	later := commented + "\n// more\n"
	r.save("main.go", later)
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.says("job 1 ✓ verified")
	r.says("main.go")
	r.says("--3way")
	if got := r.file("main.go"); got != later {
		t.Errorf("the file is %q", got)
	}
}

func TestWatchAnswersAQuestion(t *testing.T) {
	w := newWatching(t, "Because the caller checks the length.\nSee main.go.\n")
	w.save("main.go", strings.Replace(commented, "agent: handle the empty list", "agent? why is there no check", 1))
	w.says("main.go:3: why is there no check  -> job 1")
	w.says("job 1 answers main.go:3:")
	w.says("  Because the caller checks the length.")
	w.says("  See main.go.")
}

// What is no wish: committed comments, ignored files, strings, and what a result brought.
func TestWatchLeavesAlone(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo, "old.go", "package main // agent: an old one\n", ".gitignore", "out/\n")
	w.commit("start")
	r := w.watch("main.go\n<<<<<<< SEARCH\n\treturn l[0]\n=======\n\t// agent: do yet more\n\treturn l[0]\n>>>>>>> REPLACE\n", "--apply")
	r.save("old.go", "package main // agent: an old one\n\nvar x = 1\n")
	r.says("old.go:1: left alone, it is committed as it stands")
	w.write("out/a.go", "package out // agent: no\n", "s.go", "package main\n\nvar s = \"// agent: no\"\n")
	r.save("main.go", commented)
	r.says("-> job 1")
	r.says("job 1 ○ unverified")
	w.ok("apply", "1")
	r.says("main.go:4: left alone, a result that was applied brought it along: do yet more")
	var doc struct{ Jobs []agent.Job }
	w.read(&doc, "list")
	if len(doc.Jobs) != 1 {
		t.Errorf("%d jobs were made", len(doc.Jobs))
	}
}

// What git writes is no wish of the person's, however it comes into the files.
func TestWatchLeavesAloneWhatGitWrites(t *testing.T) {
	const theirs = "package main // agent: theirs\n"
	for name, test := range map[string]struct {
		do   func(w *watching)
		says string
	}{
		"merge":        {func(w *watching) { w.git("merge", "-q", "--no-commit", "--no-ff", "pr") }, "what is being merged has it"},
		"squash":       {func(w *watching) { w.git("merge", "-q", "--squash", "pr") }, "staged before it was seen"},
		"picked":       {func(w *watching) { w.git("cherry-pick", "-n", "pr") }, "staged before it was seen"},
		"one file":     {func(w *watching) { w.git("checkout", "-q", "pr", "--", "theirs.go") }, "staged before it was seen"},
		"the last one": {func(w *watching) { w.git("checkout", "-q", "pr") }, "committed as it stands"},
		"slow": {func(w *watching) { // the files are there, the rest is not
			w.write(".git/index.lock", "", "theirs.go", theirs)
			w.says("-> no job yet; it is tried again")
			if err := os.Remove(filepath.Join(w.repo, ".git", "index.lock")); err != nil {
				w.t.Fatal(err)
			}
			w.git("add", "theirs.go")
		}, "staged before it was seen"},
		"conflict": {func(w *watching) {
			w.write("main.go", firstGo+"\n// ours\n")
			w.git("commit", "-qam", "ours")
			if w.command("git", "merge", "pr").Run() == nil {
				w.t.Error("there is no conflict")
			}
		}, "main.go:10: left alone"},
		"conflict, picked": {func(w *watching) {
			w.write("main.go", firstGo+"\n// ours\n")
			w.git("commit", "-qam", "ours")
			if w.command("git", "cherry-pick", "-n", "pr").Run() == nil {
				w.t.Error("there is no conflict")
			}
		}, "main.go:10: left alone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("main.go", firstGo)
			w.commit("start")
			w.git("checkout", "-q", "-b", "pr")
			main := firstGo
			if strings.HasPrefix(name, "conflict") {
				main += "\n// agent: theirs of main\n"
			}
			w.write("theirs.go", theirs, "main.go", main)
			w.commit("theirs")
			w.git("checkout", "-q", "main")
			r := w.watch(firstFix)
			test.do(r)
			r.says(test.says)
			r.save("mine.go", "package main // agent: mine\n")
			r.says("mine.go:1: mine  -> job 1")
		})
	}
}

// A request that was seen in time is one, also when it is staged before its job is made.
func TestWatchKnowsWhatWasStagedLater(t *testing.T) {
	w := newWatching(t, firstFix, "--maker", "nobody/knows")
	w.save("main.go", commented)
	w.says("-> no job yet")
	w.git("add", "main.go")
	w.ok("config", "set", "providers.nobody.url", "http://127.0.0.1:1")
	w.ok("config", "set", "providers.nobody.kind", "openai")
	w.says("handle the empty list  -> job 1")
}

// A comment that a result only left where it was is the person's still.
func TestWatchKnowsWhatAResultLeftInPlace(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo)
	w.commit("start")
	r := w.watch(firstFix)
	r.save("main.go", commented+"\n// agent: a second one\n")
	r.says("a second one  -> job 2")
	r.says("job 1 ○ unverified")
	r.stop()
	w.ok("apply", "1")
	w.watch(firstFix).says("a second one  -> job 3")
}

// A comment that is written anew, or taken out, ends its job while that is not done.
func TestWatchCancelsWhatIsNotWantedAnyMore(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo)
	w.commit("start")
	r := w.watch(firstFix)
	w.write(".agent.yaml", "checks: ['sleep 600']\n")
	r.save("main.go", strings.Replace(commented, "the empty list", "the em", 1))
	r.says("handle the em  -> job 1")
	r.save("main.go", commented)
	r.says("job 1 canceled: its comment is gone from main.go")
	r.says("handle the empty list  -> job 2")
	r.save("main.go", firstGo)
	r.says("job 2 canceled")
	w.until("job 2 is canceled", 10*time.Second, func() bool { return w.job("2").Verdict == agent.Canceled })
	r.save("main.go", commented) // undone, and done again
	r.says("handle the empty list  -> job 3")
	r.save("main.go", firstGo)
	r.says("job 3 canceled")
	r.save("main.go", commented)
	r.says("handle the empty list  -> job 4")

	// What was canceled otherwise stays so when the watch begins anew.
	w.ok("cancel", "4")
	r.says("job 4")
	r.stop()
	w.watch(firstFix).says("(job 4 is that already: canceled)")
}

// A watch that begins anew knows the jobs of the one before by their comments.
func TestWatchGoesOnWithAJobThatRuns(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo)
	w.commit("start")
	w.write(".agent.yaml", "checks: ['sleep 600']\n")
	r := w.watch(firstFix)
	r.save("main.go", commented)
	r.says("-> job 1")
	r.stop()
	w.write("main.go", commented+"\nvar another = 1\n")
	r = w.watch(firstFix)
	if line := r.says("handle the empty list"); !strings.HasSuffix(line, "-> job 1") {
		t.Errorf("it says %q", line)
	}
	r.save("main.go", firstGo)
	r.says("job 1 canceled")
}

// A file with another name has no new comments, and its job goes on, also when the old name
// is gone for a while before the new one is there.
func TestWatchFollowsARenamedFile(t *testing.T) {
	for name, rename := range map[string]func(r *watching) error{
		"renamed": func(r *watching) error {
			return os.Rename(filepath.Join(r.repo, "main.go"), filepath.Join(r.repo, "first.go"))
		},
		"moved": func(r *watching) error {
			if err := os.Remove(filepath.Join(r.repo, "main.go")); err != nil {
				return err
			}
			r.save("third.go", "package main // agent: the third\n")
			r.says("third.go:1: the third  -> job 2") // so that it has looked in between
			r.write("first.go", commented)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("main.go", firstGo)
			w.commit("start")
			w.write(".agent.yaml", "checks: ['sleep 600']\n")
			r := w.watch(firstFix)
			r.save("main.go", commented)
			r.says("-> job 1")
			if err := rename(r); err != nil {
				t.Fatal(err)
			}
			r.save("other.go", "package main // agent: another one\n")
			r.says("other.go:1: another one  -> job " + map[string]string{"renamed": "2", "moved": "3"}[name])
			r.save("first.go", firstGo)
			r.says("job 1 canceled: its comment is gone from first.go")
		})
	}
}

func TestWatchStartsWithWhatIsThere(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo)
	w.commit("start")
	w.write("main.go", commented)
	r := w.watch(firstFix)
	r.says("handle the empty list  -> job 1")
	r.says("job 1 ○ unverified")
	r.stop()
	w.watch(firstFix).says("(job 1 is that already: unverified)")
}

// Without a maker nothing is lost: the job is made once there is one.
func TestWatchTriesAgain(t *testing.T) {
	w := newWorld(t)
	w.write("main.go", firstGo)
	w.commit("start")
	r := w.watch(firstFix, "--maker", "nobody/knows")
	r.save("main.go", commented)
	r.says("main.go:3: handle the empty list  -> no job yet")
	r.says("nobody")
	w.ok("config", "set", "providers.nobody.url", "http://127.0.0.1:1")
	w.ok("config", "set", "providers.nobody.kind", "openai")
	r.says("handle the empty list  -> job 1")
}

// The daemon watches where a person agreed, and nowhere else, whatever a clone says.
func TestDaemonWatchesWhereAPersonAgreed(t *testing.T) {
	w := newWorld(t)
	script := filepath.Join(w.home, "answers.txtar")
	if err := os.WriteFile(script, []byte("-- * --\n"+firstFix), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "AGENT_MAKERS=scripted:"+script)
	w.write("main.go", firstGo, ".agent.yaml", "watch: true\n")
	w.commit("start")
	w.ok("status") // starts it
	log := func() string {
		data, err := os.ReadFile(filepath.Join(w.state(), "daemon.log"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	w.write("main.go", commented)
	if out := w.ok("watch", "--daemon"); !strings.Contains(out, "the daemon watches /") {
		t.Errorf("it says %q", out)
	}
	jobs := func() int {
		var doc struct{ Jobs []agent.Job }
		w.read(&doc, "list")
		return len(doc.Jobs)
	}
	w.until("the daemon made a job", 20*time.Second, func() bool { return jobs() == 1 })
	if strings.Contains(log()[:strings.Index(log(), "watch.repos")], "watching ") {
		t.Error("it watched before anybody agreed")
	}
	w.until("it is done", 20*time.Second, func() bool { return w.job("1").State == agent.Done })
	if got, _ := os.ReadFile(filepath.Join(w.repo, "main.go")); string(got) != commented {
		t.Errorf("the daemon changed the file to %q", got)
	}
	w.write(".agent.yaml", "watch: maybe\n")
	w.until("what is wrong with the file is said", 20*time.Second, func() bool { return strings.Contains(log(), "maybe") })
	w.write(".agent.yaml", "watch: true\n", "other.go", "package main // agent: another one\n")
	w.until("it watches on", 20*time.Second, func() bool { return jobs() == 2 })
	w.write(".agent.yaml", "watch: false\n")
	w.until("the repository's wish is heard", 20*time.Second, func() bool { return strings.Contains(log(), "says watch: false") })
	w.write("unheard.go", "package main // agent: not any more\n")
	w.ok("watch", "--stop")
	w.until("it watches no longer", 20*time.Second, func() bool { return strings.Contains(log(), "not watched any more") })

	if got := jobs(); got != 2 {
		t.Errorf("%d jobs were made", got)
	}
	if got := w.run("", "watch", "--daemon"); got.status == 0 || !strings.Contains(got.stderr, "watch: false") {
		t.Errorf("against the repository's wish: %+v", got)
	}
}

// A running daemon goes by changed settings, and keeps the last good ones.
func TestDaemonReadsItsSettingsAnew(t *testing.T) {
	w := newWorld(t)
	w.write("a", "1\n")
	w.commit("start")
	w.ok("status")
	var paths struct{ User string }
	w.read(&paths, "config", "path")
	log := func(text string) func() bool {
		return func() bool {
			data, _ := os.ReadFile(filepath.Join(w.state(), "daemon.log"))
			return strings.Contains(string(data), text)
		}
	}
	w.ok("config", "set", "variants", "3")
	w.until("variants is taken over", 10*time.Second, log("key=variants from=1 to=3 \"takes effect\"=now"))
	w.ok("config", "set", "keep.age", "5d")
	w.until("keep.age is noticed", 10*time.Second, log("key=keep.age from=30d to=5d \"takes effect\"=\"at the next start\""))
	w.ok("patch", "--run", "echo 2 >a", "--wait", "-q", "--no-checks", "-q")
	if n := len(w.job("1").Variants); n != 3 {
		t.Errorf("%d variants were made", n)
	}

	good, err := os.ReadFile(paths.User)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(paths.User, []byte("variants: 5\nvarints: 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.until("what is wrong is said", 10*time.Second, log("the settings are wrong; the last good ones hold"))
	if got := w.run("", "status"); !strings.Contains(got.stderr, "varints") {
		t.Errorf("status says nothing of it: %+v", got)
	}
	if got := w.run("", "doctor"); !strings.Contains(got.stdout, "varints") {
		t.Errorf("doctor says nothing of it: %+v", got)
	}
	if err := os.WriteFile(paths.User, good, 0o600); err != nil {
		t.Fatal(err)
	}
	w.until("it is right again", 10*time.Second, log("the settings are right again"))
}

// BenchmarkWatch measures the time from a save to the job that is on disk for it, of
// which DefaultSettle is the wait for the editor to be done.
func BenchmarkWatch(b *testing.B) {
	w := newWatching(b, firstFix)
	w.ok("status")
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		text := strings.Replace(commented, "the empty list", fmt.Sprintf("the list %d", i), 1)
		begun := time.Now()
		w.save("main.go", text)
		w.says(fmt.Sprintf("the list %d  -> job", i))
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms/p50")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms/p99")
}
