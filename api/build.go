package api

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Build says which binary this is. Two builds of one version differ in ID and Time.
type Build struct {
	Version string    `json:"version"`       // "v1.2.3", or what a build from source calls itself
	ID      string    `json:"id,omitempty"`  // unique to the build: a revision, a hash
	Time    time.Time `json:"time,omitzero"` // when it was built; orders builds that versions do not
}

// Same reports whether both are the same binary, as far as one can know.
func (b Build) Same(o Build) bool { return b.Version == o.Version && b.ID == o.ID }

// Before reports whether b was made before o, as far as one can know: by version when
// both have one and they differ, else by time.
func (b Build) Before(o Build) bool {
	vb, okB := parseVersion(b.Version)
	vo, okO := parseVersion(o.Version)
	if okB && okO {
		if c := vb.compare(vo); c != 0 {
			return c < 0
		}
	}
	return !b.Time.IsZero() && !o.Time.IsZero() && b.Time.Before(o.Time)
}

// Header is the form of HeaderBuild and HeaderWants: a URL's query, which has no line
// ends and needs no reflection.
func (b Build) Header() string {
	s := "version=" + url.QueryEscape(b.Version)
	if b.ID != "" {
		s += "&id=" + url.QueryEscape(b.ID)
	}
	if !b.Time.IsZero() {
		s += "&time=" + url.QueryEscape(b.Time.UTC().Format(time.RFC3339Nano))
	}
	return s
}

// ParseBuild reads what Header writes. Anything else is an Invalid error.
func ParseBuild(s string) (Build, error) {
	q, err := url.ParseQuery(s)
	if err == nil && !q.Has("version") {
		err = errors.New("it has no version")
	}
	b := Build{Version: q.Get("version"), ID: q.Get("id")}
	if t := q.Get("time"); err == nil && t != "" {
		b.Time, err = time.Parse(time.RFC3339Nano, t)
	}
	if err != nil {
		return Build{}, agent.Errorf(agent.Invalid, "%.80q names no build: %w", s, err)
	}
	return b, nil
}

// version is "v1.2.3" or "v1.2.3-pre.1" (semver.org, build metadata left out).
type version struct {
	number [3]int
	pre    string
}

func parseVersion(s string) (v version, ok bool) {
	s, ok = strings.CutPrefix(s, "v")
	if !ok {
		return v, false
	}
	s, _, _ = strings.Cut(s, "+")
	s, v.pre, _ = strings.Cut(s, "-")
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return v, false
		}
		v.number[i] = n
	}
	return v, true
}

func (v version) compare(o version) int {
	for i := range v.number {
		if c := cmp.Compare(v.number[i], o.number[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.pre == o.pre:
		return 0
	case v.pre == "": // a release comes after its pre-releases
		return 1
	case o.pre == "":
		return -1
	}
	return comparePre(strings.Split(v.pre, "."), strings.Split(o.pre, "."))
}

// comparePre compares field by field: numbers as numbers and before words, and the
// shorter first when it begins the longer (semver.org, item 11).
func comparePre(a, b []string) int {
	for i := range min(len(a), len(b)) {
		na, errA := strconv.Atoi(a[i])
		nb, errB := strconv.Atoi(b[i])
		c := 0
		switch {
		case errA == nil && errB == nil:
			c = cmp.Compare(na, nb)
		case errA == nil:
			c = -1
		case errB == nil:
			c = 1
		default:
			c = cmp.Compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
