package batch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

func TestOptionsOfALine(t *testing.T) {
	strict := func(s patch.Strict) patch.Options { return patch.Options{Strict: &s} }
	for line, want := range map[string]patch.Options{
		`{}`: {},
		`{"format": "udiff", "target": "a.go", "tier": "indent", "reverse": true}`: {
			Format: patch.Unified, Target: "a.go", Tier: patch.TierIndent, Reverse: true,
		},
		`{"strict": false}`:                                   {},
		`{"strict": true}`:                                    strict(patch.Strict{}),
		`{"strict": {}}`:                                      strict(patch.Strict{}),
		`{"strict": {"strip": 0, "context": 2}}`:              strict(patch.Strict{Strip: -1, Context: 2}),
		`{"strict": {"context": 0}}`:                          strict(patch.Strict{Context: -1}),
		`{"args": ["-C0"]}`:                                   strict(patch.Strict{Context: -1}),
		`{"strict": true, "strip": 3}`:                        strict(patch.Strict{Strip: 3}),
		`{"strip": 0}`:                                        strict(patch.Strict{Strip: -1}),
		`{"directory": "some/sub/"}`:                          strict(patch.Strict{Directory: "some/sub/"}),
		`{"args": ["--unidiff-zero"]}`:                        strict(patch.Strict{ZeroContext: true}),
		`{"args": ["-C2", "-p", "2", "--index"]}`:             strict(patch.Strict{Strip: 2, Context: 2}),
		`{"args": ["--directory", "x", "--allow-empty"]}`:     strict(patch.Strict{Directory: "x", AllowEmpty: true}),
		`{"args": ["--ignore-space-change"]}`:                 strict(patch.Strict{IgnoreBlanks: true}),
		`{"args": ["-R"]}`:                                    {Reverse: true, Strict: &patch.Strict{}},
		`{"note": "of no concern", "kinds": ["x"], "cls": 7}`: {},
	} {
		var o batch.Options
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got, err := o.Patch()
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for line, why := range map[string]string{
		`{"tier": "loose"}`:                      "no tier",
		`{"strip": -1}`:                          "less than 0",
		`{"args": ["-Cx"]}`:                      "takes a number",
		`{"args": ["--recount"]}`:                "is not known",
		`{"strict": 7}`:                          "cannot unmarshal",
		`{"modes": {"before": {"a": "040000"}}}`: "a mode is",
	} {
		var o batch.Options
		err := json.Unmarshal([]byte(line), &o)
		if err == nil {
			_, err = o.Patch()
		}
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got %v, want %q", line, err, why)
		}
	}
}
