// Corpus runs the patch library on a corpus of cases and says, for each source and each
// kind of damage, how many came out right, wrong or refused, and how long they took.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

const usage = `usage: go run ./scripts/corpus [flags] [DIR | FILE ...]

Runs the patch library on the cases of a corpus: lines of JSON with files, a patch and
what has to come of it. Without arguments it is $AGENT_CORPUS, else ../shared/corpus.

A case is OK when every byte is right, BLANKS when only white space differs, WRONG when
anything else does, NOOP when it was said to be applied and nothing changed. Cases that
must be refused are counted apart, and so are those with a policy: their expected result
is one project's choice. The rate takes a refusal for right where it is as good.

flags:
`

// flags are the command line.
type flags struct {
	list, show   string
	kind, format string
	detect       bool
	peers        bool
	sample       int
	workers      int
	paths        []string
}

func main() {
	f, err := parseFlags(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	if err := run(f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string, w io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("corpus", flag.ContinueOnError)
	set.SetOutput(w)
	set.Usage = func() {
		fmt.Fprint(w, usage)
		set.PrintDefaults()
	}
	set.StringVar(&f.list, "list", "", "print a line for each `wrong|refused|ws|noop|bad|all` case instead of the tables")
	set.StringVar(&f.show, "show", "", "print all about the case with this `ID` instead of the tables")
	set.StringVar(&f.kind, "kind", "", "only cases with this `damage`")
	set.StringVar(&f.format, "format", "", "only cases in this `format`")
	set.BoolVar(&f.detect, "detect", false, "do not tell the library which format a text has")
	set.BoolVar(&f.peers, "peers", false, "also start git apply and GNU patch on unified diffs, and print how they do")
	set.IntVar(&f.sample, "sample", 0, "with -peers: only so many `cases`, spread over the corpus")
	set.IntVar(&f.workers, "j", runtime.GOMAXPROCS(0), "cases at the same time; 1 for times that can be trusted")
	err := set.Parse(args)
	f.paths = set.Args()
	return f, err
}

// defaultCorpus is where the corpus lies if nobody says.
func defaultCorpus() string {
	if dir := os.Getenv("AGENT_CORPUS"); dir != "" {
		return dir
	}
	return "../shared/corpus"
}

func run(f flags, w io.Writer) error {
	if len(f.paths) == 0 {
		dir := defaultCorpus()
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("there is no corpus at %s; name one as an argument or with AGENT_CORPUS", dir)
		}
		f.paths = []string{dir}
	}
	cases, err := load(f.paths)
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(c *aCase) bool {
		return f.kind != "" && !slices.Contains(c.kinds, f.kind) || f.format != "" && string(c.format) != f.format || f.show != "" && c.id != f.show
	})
	if len(cases) == 0 {
		return errors.New("no case is like that")
	}
	outcomes := runAll(cases, f.workers, f.detect)
	switch {
	case f.show != "":
		for _, o := range outcomes {
			if err := show(w, o); err != nil {
				return err
			}
		}
		return nil
	case f.list != "":
		some, err := wanted(outcomes, f.list)
		for _, o := range some {
			fmt.Fprintln(w, o.line())
		}
		return err
	}
	tables(w, outcomes)
	if !f.peers {
		return nil
	}
	all, err := runPeers(outcomes, f.sample, f.workers)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	peerTables(w, all)
	return nil
}
