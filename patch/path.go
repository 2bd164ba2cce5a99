package patch

import (
	"strings"
	"unicode/utf8"
)

// checkPath returns why no patch may touch path; empty if it may. The rules are
// those of git's verify_path with core.protectHFS and core.protectNTFS on,
// wherever we run, because a result made here is checked out elsewhere.
func checkPath(path string) (reason string) {
	switch {
	case path == "":
		return "the path is empty"
	case len(path) > MaxPath:
		return "the path is too long"
	case strings.IndexByte(path, 0) >= 0:
		return "the path holds a NUL byte"
	case path[0] == '/' || path[0] == '\\':
		return "the path is absolute"
	case len(path) >= 2 && path[1] == ':' && isLetter(path[0]):
		return "the path begins with a drive letter"
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" {
			return "the path has an empty part"
		}
		// Windows takes a backslash for a separator.
		for piece := range strings.SplitSeq(part, `\`) {
			if reason := checkPart(piece); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func checkPart(part string) (reason string) {
	switch {
	case part == ".." || part == ".":
		return "the path has the part " + part
	case isDotGit(part, "git", "git~1"):
		return "the path leads into git's own directory"
	}
	return ""
}

// isDotGit reports whether a file system may take part for ".git": Windows drops
// blanks and dots at the end and everything from a colon on, and knows the short
// name; macOS ignores some characters. Both ignore case. The same holds for
// other names that git gives a meaning to.
func isDotGit(part, name, short string) bool {
	ntfs, _, _ := strings.Cut(part, ":")
	ntfs = strings.TrimRight(ntfs, ". ")
	if strings.EqualFold(ntfs, "."+name) || strings.EqualFold(ntfs, short) {
		return true
	}
	return utf8.ValidString(part) && strings.EqualFold(strings.Map(dropIgnored, part), "."+name)
}

// dropIgnored removes what HFS+ ignores in names (git: next_hfs_char).
func dropIgnored(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// checkLink returns why no patch may make path a symbolic link to target; empty
// if it may. A link that leads out of the tree, or into .git, would let the next
// patch, or a command, write there.
func checkLink(path, target string) (reason string) {
	for part := range strings.SplitSeq(path, "/") {
		if isDotGit(part, "gitmodules", "gitmod~1") {
			return "git refuses a .gitmodules that is a link"
		}
	}
	switch {
	case target == "" || strings.IndexByte(target, 0) >= 0:
		return "the link has no valid target"
	case target[0] == '/' || target[0] == '\\' || len(target) >= 2 && target[1] == ':' && isLetter(target[0]):
		return "the link leads out of the tree"
	}
	depth := strings.Count(path, "/")
	for _, part := range strings.FieldsFunc(target, func(r rune) bool { return r == '/' || r == '\\' }) {
		switch {
		case part == "..":
			if depth--; depth < 0 {
				return "the link leads out of the tree"
			}
		case part == ".":
		case isDotGit(part, "git", "git~1"):
			return "the link leads into git's own directory"
		default:
			depth++
		}
	}
	return ""
}
