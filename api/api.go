// Package api is what the two ends of the local connection agree on: paths, bodies,
// the error envelope, the lines of a stream, the protocol number, and the rules of
// the socket they meet at. It has no logic of either end.
//
// # Bodies
//
// A Spec or a Job is one line of JSON, a newline, and Spec.Text raw: a patch is not
// quoted as JSON, which costs more than the rest of a submission. Everything else is
// one JSON document, or a stream of lines (see Line); an edit is a Change, a newline, and
// the new text. Unknown JSON fields are ignored,
// so that a field can be added without a new protocol number.
package api

import (
	"fmt"
	"strconv"
	"strings"

	"codeagent.dev/agent"
)

// The protocol numbers this build speaks. Protocol grows when an older peer would
// misunderstand us; MinProtocol grows when we stop understanding an older peer.
const (
	Protocol    = 1
	MinProtocol = 1
)

// Headers of every answer. A client sends HeaderProtocol with every request: one that
// speaks none of the daemon's numbers is refused before anything else is done.
const (
	HeaderProtocol = "Agent-Protocol" // a Range
	HeaderVersion  = "Agent-Version"  // Build.Version of the daemon
	HeaderBuild    = "Agent-Build"    // Build.Header of the daemon
)

// HeaderWants is the Build.Header of a client that would replace an older daemon that
// is idle. Such a daemon refuses a submission with it, with code Protocol, and so needs
// no ping before.
const HeaderWants = "Agent-Wants"

// Content types.
const (
	TypeJSON  = "application/json"
	TypeLines = "application/x-ndjson"
	TypeText  = "application/x-agent-text" // a line of JSON, then raw text
)

// Paths on the socket.
const (
	PathPing     = "/v1/ping"
	PathJobs     = "/v1/jobs"
	PathWatch    = "/v1/watch"
	PathStatus   = "/v1/status"
	PathRules    = "/v1/rules"  // GET; POST an agent.RuleChange
	PathImport   = "/v1/import" // POST an Import
	PathHealth   = "/v1/health"
	PathMakers   = "/v1/makers" // GET; POST first lets those that rest be asked again
	PathShutdown = "/v1/shutdown"
)

// Paths on the loopback TCP listener.
const (
	PathLivez   = "/livez"
	PathReadyz  = "/readyz"
	PathHealthz = "/healthz"
)

// PathJob is where one job is.
func PathJob(id agent.ID) string { return PathJobs + "/" + id.String() }

// PathChange is where a job's changes are posted.
func PathChange(id agent.ID) string { return PathJob(id) + "/change" }

// PathEvents is a job's stream of events with Seq > after.
func PathEvents(id agent.ID, after uint64) string {
	return PathJob(id) + "/events?after=" + strconv.FormatUint(after, 10)
}

// Range is the protocol numbers one side speaks, both ends included.
type Range struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Speaks returns what this build speaks.
func Speaks() Range { return Range{MinProtocol, Protocol} }

// String returns "1-3", the form of HeaderProtocol.
func (r Range) String() string { return fmt.Sprintf("%d-%d", r.Min, r.Max) }

// Meets reports whether both speak some common number.
func (r Range) Meets(o Range) bool { return r.Min <= o.Max && o.Min <= r.Max }

// ParseRange reads what String writes; "3" alone is 3-3. Anything else is an Invalid error.
func ParseRange(s string) (Range, error) {
	low, high, both := strings.Cut(s, "-")
	if !both {
		high = low
	}
	first, err1 := strconv.Atoi(low)
	last, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || first < 1 || last < first {
		return Range{}, agent.Errorf(agent.Invalid, "%q is no range of protocol numbers", s)
	}
	return Range{first, last}, nil
}
