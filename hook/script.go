package hook

import (
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strings"

	"codeagent.dev/agent/spool"
)

// Options are what the hooks hold.
type Options struct {
	State   string // the state directory, whose spool they write to
	Program string // absolute path of this program, which pre-push asks
}

// version is that of our lines. It grows when a hook that was installed before has to be
// written anew to work with the daemon.
const version = 1

// kind is how our lines stand in a file.
type kind string

const (
	kindFile  kind = "file"  // alone: the file is ours
	kindBlock kind = "block" // behind the first line of a shell script
	kindChain kind = "chain" // alone, and at the end they call what is kept in chainedDir
)

const (
	shebang    = "#!/bin/sh\n"
	chainedDir = "agent-chained"

	begins = "# >>> agent hook "
	ends   = "# <<< agent hook "
)

// block is our lines in a hook. They end with a checksum, so that it is known whether
// somebody wrote into them.
func block(name string, k kind, opt Options) string {
	body := noteLines(name, opt)
	if name == prePush {
		body = pushLines(opt)
	}
	if k == kindChain {
		body += chainLines(name)
	}
	begin := fmt.Sprintf("%s%d %s %s: tells agent; `agent hook uninstall` takes these lines out\n", begins, version, name, k)
	return begin + body + fmt.Sprintf("%s%d %08x\n", ends, version, crc32.ChecksumIEEE([]byte(begin+body)))
}

// noteLines leave a note. They use nothing but what a shell has built in: no process is
// started, no PATH is needed, and nothing that fails is shown or ends the hook, also
// under set -eu. A note is written with one call, and its last field tells a whole one,
// so that it needs no second name that it is moved from.
//
// In a rebase post-commit and post-checkout are silent, post-rewrite speaks at its end.
// AGENT_JOB is set in the commands of jobs: what they commit makes no jobs.
func noteLines(name string, opt Options) string {
	const noRebase = `[ ! -d "$agent_g/rebase-merge" ] && [ ! -d "$agent_g/rebase-apply" ]`
	only := ""
	switch name {
	case "post-commit":
		only = ` && ` + noRebase
	case "post-checkout": // of commits, not of files
		only = ` && [ "${3-}" = 1 ] && ` + noRebase
	case "post-rewrite": // a squash amends
		only = ` && { [ "${1-}" = rebase ] || { ` + noRebase + `; }; }`
	}
	return `agent_g=${GIT_DIR:-.git}
if [ -z "${AGENT_JOB-}" ]` + only + `; then
	agent_s=` + quote(filepath.ToSlash(spool.Dir(opt.State))) + ` agent_n=$$ agent_h='' agent_c=''
	{ IFS= read -r agent_h <"$agent_g/HEAD"; } 2>/dev/null || :
	case $agent_h in
	"ref: "*)
		{ IFS= read -r agent_c <"$agent_g/${agent_h#ref: }"; } 2>/dev/null ||
			{ IFS= read -r agent_c <"$agent_g/commondir" && IFS= read -r agent_c <"$agent_g/$agent_c/${agent_h#ref: }"; } 2>/dev/null || agent_c='' ;;
	*) agent_c=$agent_h ;;
	esac
	while [ -e "$agent_s/$agent_n" ]; do agent_n=$agent_n.$$; done
	{ printf '%s\0' ` + spool.Magic + ` ` + spool.Version + ` ` + name + ` "$PWD" "$agent_g" "$agent_h" "$agent_c" $# "$@" ` + spool.End + ` >>"$agent_s/$agent_n"; } 2>/dev/null || :
fi
`
}

// pushLines ask this program whether the push may be. What git says on stdin is read,
// and given to whatever stands behind our lines once more. Where there is no program any
// more, a push is refused only if .agent.yaml requires something.
func pushLines(opt Options) string {
	return `if [ -z "${AGENT_JOB-}" ]; then
	agent_i='' agent_b=` + quote(filepath.ToSlash(opt.Program)) + `
	while IFS= read -r agent_l; do agent_i="$agent_i$agent_l
"; done
	[ -x "$agent_b" ] || agent_b=$(command -v agent) || agent_b=''
	if [ -n "$agent_b" ]; then
		printf '%s' "$agent_i" | AGENT_STATE_DIR=` + quote(filepath.ToSlash(opt.State)) + ` "$agent_b" hook run pre-push "$@" || exit 1
	else
		case $(git show HEAD:.agent.yaml 2>/dev/null) in
		*require:*)
			echo "agent: push refused: .agent.yaml requires a verdict, and agent is not installed any more" >&2
			echo "hint: git push --no-verify" >&2
			exit 1 ;;
		esac
	fi
	if [ -n "$agent_i" ]; then
		exec <<AGENT_STDIN || :
${agent_i%?}
AGENT_STDIN
	else
		exec </dev/null
	fi
fi
`
}

// chainLines go on with what was there before.
func chainLines(name string) string {
	return `if [ -x "${0%/*}/` + chainedDir + `/` + name + `" ]; then exec "${0%/*}/` + chainedDir + `/` + name + `" "$@"; fi
`
}

// quote makes one word of text for sh.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// script is a hook's text with our lines in it.
type script struct {
	before, block, after string

	kind    kind
	version int
}

// split finds our lines. Begun and not ended, they go to the end of the text.
func split(text string) (s script, ours bool) {
	at := strings.Index("\n"+text, "\n"+begins)
	if at < 0 {
		return s, false
	}
	s.before, s.block = text[:at], text[at:]
	if end := strings.Index(s.block, "\n"+ends); end >= 0 {
		stop := end + 1 + len(ends)
		if n := strings.IndexByte(s.block[stop:], '\n'); n >= 0 {
			stop += n + 1
		} else {
			stop = len(s.block)
		}
		s.block, s.after = s.block[:stop], s.block[stop:]
	}
	head, _, _ := strings.Cut(s.block[len(begins):], "\n")
	head, _, _ = strings.Cut(head, ":")
	name, k := "", ""
	if n, _ := fmt.Sscan(head, &s.version, &name, &k); n == 3 {
		s.kind = kind(k)
	}
	return s, true
}

// rest is the text without our lines.
func (s script) rest() string { return s.before + s.after }

// edited reports whether our lines are not as they were written.
func (s script) edited() bool {
	at := strings.LastIndex(s.block, ends)
	if at < 0 {
		return true
	}
	want := fmt.Sprintf("%s%d %08x\n", ends, s.version, crc32.ChecksumIEEE([]byte(s.block[:at])))
	return s.block[at:] != want
}
