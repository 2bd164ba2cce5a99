package patch

import (
	"fmt"
	"strings"
)

// Options say how a text is read and how loosely it may be matched. The zero value
// reads any format and allows every tier.
type Options struct {
	Format  Format  // what the text is; empty: found out from the text
	Target  string  // the file meant by a text that names none; a slash-separated path
	Tier    Tier    // the loosest tier allowed; 0: TierFuzzy
	Reverse bool    // undo the patch instead
	Strict  *Strict // git's own rules for a unified diff, and nothing else
}

// Strict are the rules of `git apply`. Its zero value is `git apply` without flags.
type Strict struct {
	Strip        int    // leading parts cut off each name (-p): -1 none; 0 means 1, or none from the first plain diff on that names a file without a directory
	Directory    string // put before each name (--directory)
	ZeroContext  bool   // trust line numbers of hunks without context (--unidiff-zero)
	Context      int    // lines of context that must match (-C): 0 means all, -1 none
	IgnoreBlanks bool   // blanks in context may differ (--ignore-whitespace)
	AllowEmpty   bool   // a patch without changes is no error (--allow-empty)
}

// Format names a way to write changes down.
type Format string

const (
	Unified       Format = "udiff"         // unified and git diffs
	SearchReplace Format = "searchreplace" // <<<<<<< SEARCH … ======= … >>>>>>> REPLACE
	Envelope      Format = "applypatch"    // *** Begin Patch
	WholeFile     Format = "wholefile"     // a path and a fenced content
	JSON          Format = "json"          // edits or contents as JSON
)

// Tier is how closely a hunk's old lines matched the file. A looser tier is tried
// only where every closer one found no place.
type Tier int

const (
	TierExact     Tier = iota + 1 // byte for byte
	TierLineEnds                  // line ends aside
	TierTrailing                  // blanks at the ends of lines aside
	TierIndent                    // the amount of blanks aside; new lines are shifted like the old ones
	TierLookalike                 // typographic quotes, dashes and blanks; escapes; a reader's line numbers
	TierFuzzy                     // anchored by what matches; some context differs
)

var tierNames = [...]string{"", "exact", "line-ends", "trailing", "indent", "lookalike", "fuzzy"}

// String returns the tier's name; empty for 0.
func (t Tier) String() string {
	if t < 0 || int(t) >= len(tierNames) {
		return fmt.Sprintf("tier %d", int(t))
	}
	return tierNames[t]
}

// ParseTier returns the tier of that name.
func ParseTier(name string) (Tier, error) {
	for t, known := range tierNames {
		if name == known && name != "" {
			return Tier(t), nil
		}
	}
	return 0, fmt.Errorf("no tier is called %q; the tiers are %s", name, strings.Join(tierNames[1:], ", "))
}

// Formats are the formats that can be read.
func Formats() []Format { return []Format{Unified, SearchReplace, Envelope, WholeFile, JSON} }

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", fmt.Errorf("no format is called %q; the formats are %s", name, strings.Join(names, ", "))
}
