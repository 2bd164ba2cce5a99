package maker

import (
	"strconv"
	"strings"

	"codeagent.dev/agent/patch"
)

// liking is the form in which a family of models writes edits best.
type liking struct {
	part   string // of the model's name, lower case
	format patch.Format
	why    string
}

// likings are looked through in order. What is not in it gets search and replace
// blocks, which need no counting.
var likings = []liking{
	{"gpt-oss", patch.Envelope, "trained on the envelope of OpenAI's apply_patch"},
	{"codex", patch.Envelope, "trained on the envelope of OpenAI's apply_patch"},
	{"gpt-4.1", patch.Envelope, "OpenAI documents the envelope as what it was trained on"},
	{"gpt-5", patch.Envelope, "OpenAI documents the envelope as what it was trained on"},
	{"claude", patch.SearchReplace, "its own editing tool replaces text by text"},
	{"gemini", patch.SearchReplace, "its own editing tool replaces text by text"},
	{"deepseek", patch.SearchReplace, "copies lines well and counts them badly"},
	{"coder", patch.SearchReplace, "copies lines well and counts them badly"},
}

// ladder is what a model is taken down, one step after every maxUnfit answers in a row
// that did not apply. Whole files need nothing to be found again.
var ladder = []patch.Format{patch.Envelope, patch.Unified, patch.SearchReplace, patch.WholeFile}

// maxUnfit is how many answers in a row must fail to apply before a model is asked for
// another form.
const maxUnfit = 3

// smallModel is the size, in billions of parameters, up to which a model is asked for
// whole files: small ones change what they should copy.
const smallModel = 4

// formatFor returns the form in which a model is asked to write, and why. steps is how
// often it was taken down the ladder.
func formatFor(name string, steps int) (patch.Format, string) {
	format, why := patch.SearchReplace, "the form that needs no counting"
	lower := strings.ToLower(name)
	for _, l := range likings {
		if strings.Contains(lower, l.part) {
			format, why = l.format, l.why
			break
		}
	}
	if size := billions(lower); size > 0 && size <= smallModel {
		format, why = patch.WholeFile, "a small model, which changes what it should copy"
	}
	if steps == 0 {
		return format, why
	}
	at := 0
	for i, f := range ladder {
		if f == format {
			at = i
		}
	}
	at = min(at+steps, len(ladder)-1)
	return ladder[at], "its answers did not apply in another form"
}

// billions reads the size that a model's name states, as in qwen2.5-coder:7b; 0: none.
func billions(name string) float64 {
	words := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(":-_/ ", r) })
	for _, w := range words {
		digits, ok := strings.CutSuffix(w, "b")
		if !ok || digits == "" {
			continue
		}
		if n, err := strconv.ParseFloat(digits, 64); err == nil && n > 0 {
			return n
		}
	}
	return 0
}
