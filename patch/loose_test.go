package patch

import (
	"errors"
	"flag"
	"path/filepath"
	"strings"
	"testing"
)

const looseFixtures = "testdata/loose"

// looseDir can name fixtures of rules that the engine does not keep yet:
// go test ./patch -run TestLooseFixtures -loose testdata/loose-open
var looseDir = flag.String("loose", looseFixtures, "the directory of the fixtures to apply loosely")

// TestLooseFixtures runs testdata/loose/*.txtar, which are written like those of
// TestFixtures. Two more files say how the text is to be read, and which tier the
// report must name as the loosest one. The lines of options are
//
//	format NAME   of the text; it is also found out without being named
//	detect        but not named
//	name          but not found out
//	target PATH   the file meant by a text that names none
//	tier NAME     the loosest tier allowed
//	reverse       the patch is undone
//	undo          the way back leads to the files before
//	again         the text may be applied to its own result
func TestLooseFixtures(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(*looseDir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			testLooseFixture(t, readFixture(t, name))
		})
	}
}

// looseOptions are the lines of a fixture's options, read.
type looseOptions struct {
	Options
	detect, name, undo, again bool
}

func (f *fixture) looseOptions(t testing.TB) looseOptions {
	o := looseOptions{detect: true, name: true}
	for line := range strings.Lines(f.options) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "format":
			o.Format = Format(value)
		case "detect":
			o.name = false
		case "name":
			o.detect = false
		case "target":
			o.Target = value
		case "tier":
			tier, err := ParseTier(value)
			if err != nil {
				t.Fatal(err)
			}
			o.Tier = tier
		case "reverse":
			o.Reverse = true
		case "undo":
			o.undo = true
		case "again":
			o.again = true
		default:
			t.Fatalf("unknown option %q", line)
		}
	}
	if o.Format == "" {
		t.Fatal("the options name no format")
	}
	return o
}

func testLooseFixture(t *testing.T, f fixture) {
	o := f.looseOptions(t)
	if o.name {
		t.Run("named", func(t *testing.T) { f.apply(t, o, o.Options) })
	}
	if o.detect {
		found := o.Options
		found.Format = ""
		t.Run("detected", func(t *testing.T) { f.apply(t, o, found) })
	}
}

// apply applies the fixture's text and checks all that the fixture says, and what
// holds for every text.
func (f *fixture) apply(t *testing.T, o looseOptions, opt Options) {
	before := f.before.with(nil)
	res, err := Apply(f.patch, f.before, opt)
	if !f.before.equal(before) {
		t.Fatal("the tree was changed")
	}
	if f.fails != "" {
		f.wantError(t, err)
		return
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, report(err))
	}
	wantTree(t, f.before.with(res.Writes), f.after)
	tier := Tier(0)
	for _, file := range res.Files {
		tier = max(tier, file.Tier)
	}
	if tier.String() != f.tier {
		t.Errorf("tier %q, want %q", tier, f.tier)
	}
	if got := movesOf(res); f.hasMoved && got != f.moved {
		t.Errorf("moved %q, want %q", got, f.moved)
	}
	if !o.again {
		wantNotAgain(t, f.patch, f.after, opt)
	}
	if o.undo {
		opt.Reverse = !opt.Reverse
		res, err := Apply(f.patch, f.after, opt)
		if err != nil {
			t.Fatalf("undone: %v\n%s", err, report(err))
		}
		wantTree(t, f.after.with(res.Writes), f.before)
	}
}

// wantNotAgain checks that a text is not applied to what it made.
func wantNotAgain(t *testing.T, text []byte, after memTree, opt Options) {
	t.Helper()
	res, err := Apply(text, after, opt)
	if err == nil {
		t.Errorf("applied a second time:")
		wantTree(t, after.with(res.Writes), after)
		return
	}
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("a second time: %v", err)
	}
}
