package check

import "strings"

// settle takes out of the lines that are gone from configuration and those that have come
// what is everyday and makes no check weaker: another version of a tool or a system to test
// with, a list that grew, a label or a right of a job.
func settle(gone, come []string) (left, fresh []string) {
	count := map[string]int{}
	for _, line := range come {
		count[versionless(line)]++
	}
	for _, line := range gone {
		switch plain := versionless(line); {
		case plain == "":
		case count[plain] > 0:
			count[plain]--
		default:
			left = append(left, line)
		}
	}
	for _, line := range come {
		if plain := versionless(line); plain != "" && count[plain] > 0 {
			count[plain]--
			fresh = append(fresh, line)
		}
	}
	return grown(left, fresh)
}

// maxGrown bounds the lines that are looked at for a list that grew.
const maxGrown = 200

// grown takes out the lines that came back with more behind a comma.
func grown(gone, come []string) (left, fresh []string) {
	if len(gone) > maxGrown || len(come) > maxGrown {
		return gone, come
	}
	used := make([]bool, len(come))
next:
	for _, line := range gone {
		head := strings.TrimRight(line, "]})\"', ")
		for i, now := range come {
			rest, ok := strings.CutPrefix(now, head)
			if ok && !used[i] && head != "" && strings.HasPrefix(strings.TrimLeft(rest, "\"' "), ",") {
				used[i] = true
				continue next
			}
		}
		left = append(left, line)
	}
	for i, line := range come {
		if !used[i] {
			fresh = append(fresh, line)
		}
	}
	return left, fresh
}

// labels begin lines that say nothing of what is checked.
var labels = []string{
	"name:", "permissions:", "contents:", "id-token:", "pull-requests:", "issues:", "persist-credentials:", "cache:", "enable-cache:", "cache-dependency-path:", "runs-on:",
	"concurrency:", "group:", "cancel-in-progress:",
}

// tools are words of a line that states versions of what the checks run on.
var tools = []string{
	"version", "python", "node", "go:", "golang", "rust", "ruby", "java", "jdk", "php", "py2", "py3", "pypy", "npm-i", "ubuntu", "macos", "windows", "toolchain", "msrv",
}

// bounds are words of a line whose numbers say how much a check demands.
var bounds = []string{"cov", "max", "min-", "min_", "retr", "rerun", "shard", "warn", "limit", "count", "%"}

// versionless returns a line of configuration without the versions it names, so that lines
// that differ in nothing else are equal; "" for a label.
func versionless(line string) string {
	line = strings.TrimSpace(line)
	if i := strings.Index(line, " #"); i > 0 {
		line = strings.TrimSpace(line[:i])
	}
	item := strings.TrimPrefix(line, "- ")
	for _, label := range labels {
		if strings.HasPrefix(item, label) {
			return ""
		}
	}
	for _, key := range []string{"uses:", "rev:", "image:"} {
		if rest, ok := strings.CutPrefix(item, key); ok {
			if i := strings.LastIndexAny(rest, "@:"); i > 0 || key == "rev:" {
				return key + rest[:max(i, 0)]
			}
		}
	}
	lower := strings.ToLower(line)
	list := strings.HasPrefix(line, "- ") && strings.Trim(item, "\"'0123456789.,x[] ") == ""
	if !list && !contains(lower, tools) || contains(lower, weakening) || contains(lower, bounds) {
		return line
	}
	return numberless(line)
}

// numberless writes N for each number, with its dots and quotes, and once for a list of them.
func numberless(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		if line[i] < '0' || line[i] > '9' {
			if c := line[i]; c != '"' && c != '\'' {
				b.WriteByte(c)
			}
			i++
			continue
		}
		for i < len(line) && (line[i] >= '0' && line[i] <= '9' || line[i] == '.' || line[i] == 'x') {
			i++
		}
		if list := strings.TrimSuffix(b.String(), "N, "); len(list) < b.Len() {
			b.Reset()
			b.WriteString(list)
		}
		b.WriteByte('N')
	}
	return b.String()
}

// delivers reports whether a workflow's name says that it publishes, or looks after issues:
// it builds, and so may speak of checks, but proves nothing of a change.
func delivers(base string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(base), func(c rune) bool { return c < 'a' || c > 'z' }) {
		switch word {
		case "release", "releases", "publish", "deploy", "deployment", "lock", "stale", "label", "labels", "labeler", "changelog", "welcome", "sponsors":
			return true
		}
	}
	return false
}
