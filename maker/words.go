package maker

import (
	"fmt"
	"strings"

	"codeagent.dev/agent/patch"
)

// asks begins the line by which a maker says that it needs an answer first.
const asks = "QUESTION:"

// system is what every model is told, before the form of its answer.
const system = `You change source code. You are shown parts of a repository and given a task. You answer with edits; a program applies them to exactly the files as you were shown them, and then the project's own checks run on the result.

- Do all of what the task asks for, and nothing else. Keep to the style of the code around.
- Whatever you repeat of a file, to say where an edit belongs, must be copied exactly, blanks included.
- Write everything out. Never write a placeholder such as "rest of the code unchanged".
- Do not remove, skip or weaken tests, and do not change how checks are run, unless the task asks for that.
- A few words about what you did may stand before the edits.
- If you cannot do the task without knowing something that only a person can tell, write no edits but one line that begins with ` + asks + `
`

// forms say how the edits are to be written. Each was chosen because the reader of
// package patch takes it without loss; which one a model gets is in format.go.
var forms = map[patch.Format]string{
	patch.SearchReplace: `Write each edit as a block like this, with the file's path on the line before the fence:

path/to/file.go
` + "```" + `
<<<<<<< SEARCH
lines of the file as they are, enough of them to be found only once
=======
the lines that take their place
>>>>>>> REPLACE
` + "```" + `

Write several small blocks rather than one large one. A new file is a block with nothing between SEARCH and =======. To delete lines, leave the part after ======= empty.
`,
	patch.Envelope: `Write all edits in one patch like this:

*** Begin Patch
*** Update File: path/to/file.go
@@ func name of what surrounds the change
 three lines before, each with a blank in front
-a line that goes
+a line that comes
 three lines after
*** Add File: path/to/new.go
+every line of it
*** Delete File: path/to/old.go
*** End Patch
`,
	patch.WholeFile: `Write every file that changes whole, from its first line to its last, with its path on the line before the fence:

path/to/file.go
` + "```" + `
the whole new content
` + "```" + `

Leave out the files that stay as they are.
`,
	patch.Unified: `Write the edits as one unified diff, with a header for each file and three lines of context:

` + "```diff" + `
--- a/path/to/file.go
+++ b/path/to/file.go
@@ -10,3 +10,3 @@
 context
-a line that goes
+a line that comes
 context
` + "```" + `
`,
	patch.JSON: `Answer with JSON and nothing else: a list of edits, each with the path, the lines as they are (enough of them to be found only once), and the lines that take their place:

[{"path": "path/to/file.go", "search": "…", "replace": "…"}]

A new file is {"path": "…", "content": "…"}.
`,
}

// styles make the variants of a job differ. The first variant gets none.
var styles = []string{
	"",
	"Make the smallest change that does the task.",
	"Think of every input and state the change can meet, and handle those that go wrong.",
	"Let the result be as clear as it can be to whoever reads it next; restructure what the change touches where that helps.",
	"Solve it another way than the one that comes to mind first.",
}

// temperatures go with the styles; 0 leaves it to the server.
var temperatures = []float64{0, 0.2, 0.6, 0.6, 1}

// style returns what a variant is told beside the task, and its temperature.
func style(variant int) (text string, temperature *float64) {
	i := (variant - 1) % len(styles)
	if t := temperatures[i]; t > 0 {
		temperature = &t
	}
	return styles[i], temperature
}

// task is the last message of a first prompt.
func task(words, style string, paths []string) string {
	var b strings.Builder
	b.WriteString("The task:\n\n" + strings.TrimSpace(words) + "\n")
	if len(paths) > 0 {
		fmt.Fprintf(&b, "\nOnly these files and directories may change: %s\n", strings.Join(paths, ", "))
	}
	if style != "" {
		b.WriteString("\n" + style + "\n")
	}
	return b.String()
}

// agentRules is what a coding agent is told beside the task.
const agentRules = `Work only in the current directory and edit the files there. Do not commit, push, or change anything outside of it. Do not remove, skip or weaken tests, and do not change how checks are run, unless the task asks for that. Nobody can answer while you work: if you cannot do the task without knowing something that only a person can tell, change nothing and end with one line that begins with ` + asks + ` When you are done, the project's own checks are run on what you changed.`

// Question returns the question in what a maker said; "" if it asks none. Edits must not
// have been found: a remark that ends in a question mark is no question then.
func Question(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for i, line := range lines {
		line = strings.TrimLeft(strings.TrimSpace(line), "*_# ")
		if len(line) >= len(asks) && strings.EqualFold(line[:len(asks)], asks) {
			rest := append([]string{strings.TrimLeft(line[len(asks):], "*_ ")}, lines[i+1:]...)
			return strings.TrimSpace(strings.Join(rest, "\n"))
		}
	}
	if last := strings.TrimSpace(lines[len(lines)-1]); strings.HasSuffix(last, "?") && !strings.Contains(said, "```") {
		return strings.TrimSpace(said)
	}
	return ""
}

// Preface returns what stands before the edits of an answer, for people.
func Preface(answer string) string {
	var b strings.Builder
	first := ""
	for line := range strings.Lines(answer) {
		if first = strings.TrimSpace(line); begins(first) {
			break
		}
		b.WriteString(line)
	}
	text := strings.TrimSpace(b.String())
	if text == strings.TrimSpace(answer) {
		return ""
	}
	// The last line is the path of the first edit, where that does not name it itself.
	if strings.HasPrefix(first, "*** ") || strings.HasPrefix(first, "diff ") || strings.HasPrefix(first, "--- ") {
		return text
	}
	if i := strings.LastIndexByte(text, '\n'); !strings.Contains(text[i+1:], " ") {
		text = strings.TrimSpace(text[:max(i, 0)])
	}
	return text
}

// begins reports whether a line can be the first of an edit.
func begins(line string) bool {
	for _, mark := range []string{"```", "~~~", "<<<<<<<", "*** Begin", "diff --git", "--- ", "[{", "{\""} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}
