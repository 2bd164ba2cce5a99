package worker

import (
	"fmt"
	"strings"

	"codeagent.dev/agent"
)

// message is the result commit's message: what was asked, and which job it was.
func (v *variant) message() string {
	subject, body := v.spec.Title, ""
	switch v.spec.Kind {
	case agent.Command:
		subject = "run " + subject
		fallthrough
	case agent.Prompt:
		if text := strings.TrimSpace(v.spec.Text); text != v.spec.Title {
			body = strings.ToValidUTF8(text, "?") + "\n\n"
		}
	}
	return fmt.Sprintf("%s\n\n%sAgent-Job: %s\n", subject, body, v.ref())
}

// refName is where a variant's result is kept in the mirror.
func refName(r agent.Ref) string { return "refs/agent/" + r.String() }

func sizeOf(s agent.Stat) string {
	files := "1 file"
	if s.Files != 1 {
		files = fmt.Sprintf("%d files", s.Files)
	}
	return fmt.Sprintf("%s, +%d -%d", files, s.Added, s.Removed)
}
