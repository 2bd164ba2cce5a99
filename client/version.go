package client

import (
	"cmp"
	"strconv"
	"strings"

	"codeagent.dev/agent/api"
)

// older reports whether a was made before b, as far as one can know: by version when
// both have one and they differ, else by time.
func older(a, b api.Build) bool {
	va, okA := parseVersion(a.Version)
	vb, okB := parseVersion(b.Version)
	if okA && okB {
		if c := va.compare(vb); c != 0 {
			return c < 0
		}
	}
	return !a.Time.IsZero() && !b.Time.IsZero() && a.Time.Before(b.Time)
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
