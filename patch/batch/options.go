package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"codeagent.dev/agent/patch"
)

// Options are the fields of a line that say how its patch is applied.
type Options struct {
	Format patch.Format `json:"format"` // empty: found out from the text
	Target string       `json:"target"` // the one file meant by a text without a path
	Tier   string       `json:"tier"`   // the loosest allowed; empty: all
	Strict Strict       `json:"strict"`

	Reverse   bool     `json:"reverse"`
	Strip     *int     `json:"strip"`     // -pN; this and the next two make it strict
	Directory string   `json:"directory"` // --directory
	Args      []string `json:"args"`      // flags of git apply, as -C2 or --unidiff-zero
	Modes     Modes    `json:"modes"`
}

// Modes are modes by path, as "100755".
type Modes struct {
	Before map[string]Mode `json:"before"`
}

// Mode is a file's mode, in JSON as git prints it: "100755".
type Mode patch.Mode

// MarshalJSON implements json.Marshaler.
func (m Mode) MarshalJSON() ([]byte, error) { return json.Marshal(patch.Mode(m).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Mode) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	n, err := strconv.ParseUint(s, 8, 32)
	*m = Mode(n)
	if known := patch.Mode(n); err != nil || known != patch.ModeFile && known != patch.ModeExec && known != patch.ModeLink {
		return fmt.Errorf("a mode is 100644, 100755 or 120000, not %q", s)
	}
	return nil
}

// Strict is true, or an object with the rules of git apply.
type Strict struct {
	On    bool
	Rules patch.Strict
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Strict) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		var o struct {
			Strip            *int   `json:"strip"`
			Directory        string `json:"directory"`
			UnidiffZero      bool   `json:"unidiff_zero"`
			Context          *int   `json:"context"`
			IgnoreWhitespace bool   `json:"ignore_whitespace"`
			AllowEmpty       bool   `json:"allow_empty"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		*s = Strict{true, patch.Strict{
			Directory: o.Directory, ZeroContext: o.UnidiffZero, IgnoreBlanks: o.IgnoreWhitespace, AllowEmpty: o.AllowEmpty,
		}}
		if o.Context != nil {
			s.context(*o.Context)
		}
		return s.strip(o.Strip)
	}
	return json.Unmarshal(raw, &s.On)
}

// strip sets -pN.
func (s *Strict) strip(n *int) error {
	switch {
	case n == nil:
		return nil
	case *n < 0:
		return fmt.Errorf("strip is %d; it cannot be less than 0", *n)
	case *n == 0:
		s.Rules.Strip = -1 // what patch.Strict calls -p0
	default:
		s.Rules.Strip = *n
	}
	return nil
}

// context sets -CN.
func (s *Strict) context(n int) {
	if s.Rules.Context = n; n <= 0 {
		s.Rules.Context = -1 // what patch.Strict calls -C0
	}
}

// Patch returns the options of the library. Any rule of git makes it strict.
func (o Options) Patch() (patch.Options, error) {
	opt := patch.Options{Format: o.Format, Target: o.Target, Reverse: o.Reverse}
	if o.Tier != "" {
		var err error
		if opt.Tier, err = patch.ParseTier(o.Tier); err != nil {
			return opt, err
		}
	}
	s := o.Strict
	s.On = s.On || o.Strip != nil || o.Directory != "" || len(o.Args) > 0
	if o.Directory != "" {
		s.Rules.Directory = o.Directory
	}
	if err := s.strip(o.Strip); err != nil {
		return opt, err
	}
	for i := 0; i < len(o.Args); i++ {
		arg := o.Args[i]
		if joined, ok := valueApart[arg]; ok && i+1 < len(o.Args) {
			i++
			arg = joined + o.Args[i]
		}
		if err := s.arg(arg, &opt); err != nil {
			return opt, err
		}
	}
	if s.On {
		opt.Strict = &s.Rules
	}
	return opt, nil
}

// valueApart holds the flags whose value may be the next argument, and how they are
// written in one.
var valueApart = map[string]string{"-p": "-p", "-C": "-C", "--directory": "--directory="}

// harmless are flags of git apply that change nothing about the result.
var harmless = map[string]bool{
	"--apply": true, "--binary": true, "--allow-binary-replacement": true, "--index": true, "--stat": true, "--numstat": true,
	"--summary": true, "--check": true, "-v": true, "--verbose": true, "-q": true, "--quiet": true,
	"--whitespace=nowarn": true, "--whitespace=warn": true, "--unsafe-paths": true,
}

// arg takes a flag of git apply.
func (s *Strict) arg(arg string, opt *patch.Options) error {
	switch arg {
	case "--unidiff-zero":
		s.Rules.ZeroContext = true
	case "--ignore-whitespace", "--ignore-space-change":
		s.Rules.IgnoreBlanks = true
	case "--allow-empty":
		s.Rules.AllowEmpty = true
	case "-R", "--reverse":
		opt.Reverse = true
	default:
		return s.valued(arg)
	}
	return nil
}

func (s *Strict) valued(arg string) error {
	if dir, ok := strings.CutPrefix(arg, "--directory="); ok {
		s.Rules.Directory = dir
		return nil
	}
	for _, name := range []string{"-p", "-C"} {
		text, ok := strings.CutPrefix(arg, name)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("%s takes a number, not %q", name, text)
		}
		if name == "-p" {
			return s.strip(&n)
		}
		s.context(n)
		return nil
	}
	if !harmless[arg] {
		return fmt.Errorf("the flag %q is not known; those of git apply that change what is matched are: -p, -C, -R, --directory, --unidiff-zero, --ignore-whitespace, --allow-empty", arg)
	}
	return nil
}
