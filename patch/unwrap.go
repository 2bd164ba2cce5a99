package patch

import "strings"

// unwrap takes off what stands before every line of a diff in a list or a quotation:
// blanks, or "> ".
func (r *reader) unwrap() {
	for i := range r.lines {
		line := r.line(i)
		t := strings.TrimLeft(line, " \t>")
		if !strings.HasPrefix(t, "diff --git ") && !strings.HasPrefix(t, "@@ -") &&
			(!strings.HasPrefix(t, "--- ") || !strings.HasPrefix(strings.TrimLeft(r.line(i+1), " \t>"), "+++ ")) {
			continue
		}
		prefix := line[:len(line)-len(t)]
		if prefix == "" {
			return
		}
		for k := range r.lines {
			if cut, ok := strings.CutPrefix(r.line(k), prefix); ok {
				r.lines[k].text = cut
			} else if k > i {
				r.lines[k].text = "" // what is not indented like the diff is no part of it
			} else if bare := strings.TrimRight(prefix, " \t"); bare == r.line(k) {
				r.lines[k].text = ""
			}
		}
		return
	}
}
