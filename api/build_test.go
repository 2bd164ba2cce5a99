package api

import (
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
)

func TestBuildsAreOrdered(t *testing.T) {
	order := []string{"v0.9.0", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.0.1+meta", "v1.10.0", "v2.0.0"}
	for i, a := range order {
		for j, b := range order {
			if got := (Build{Version: a}).Before(Build{Version: b}); got != (i < j) {
				t.Errorf("Before(%s, %s) = %t", a, b, got)
			}
		}
	}
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range []struct {
		a, b Build
		want bool
	}{
		{Build{Version: "devel", Time: early}, Build{Version: "devel", Time: late}, true},
		{Build{Version: "devel", Time: late}, Build{Version: "devel", Time: early}, false},
		{Build{Version: "devel"}, Build{Version: "devel", Time: late}, false},               // nothing known
		{Build{Version: "v1.0.0", Time: early}, Build{Version: "v1.0.0", Time: late}, true}, // rebuilt
		{Build{Version: "v1.0.0", Time: late}, Build{Version: "v1.0.1", Time: early}, true}, // the version decides
		{Build{Version: "v1.0", Time: early}, Build{Version: "v0.9.0", Time: late}, true},   // no version: the time
		{Build{Version: "v1.-1.0"}, Build{Version: "v2.0.0"}, false},
	} {
		if got := c.a.Before(c.b); got != c.want {
			t.Errorf("Before(%v, %v) = %t", c.a, c.b, got)
		}
	}
}

func TestBuildInAHeader(t *testing.T) {
	for _, b := range []Build{
		{},
		{Version: "v1.2.3", ID: "0123 +abc&", Time: time.Unix(5, 7).UTC()},
		{Version: "two\r\nlines: \x00 ☃"},
	} {
		s := b.Header()
		got, err := ParseBuild(s)
		if err != nil || got != b || strings.ContainsAny(s, "\r\n\x00") {
			t.Errorf("%q: %+v, %v; want %+v", s, got, err, b)
		}
	}
	for _, s := range []string{"", "v1", "{", "version=v1&time=x", "version=%zz"} {
		if b, err := ParseBuild(s); agent.CodeOf(err) != agent.Invalid {
			t.Errorf("%q: %+v, %v; want Invalid", s, b, err)
		}
	}
}
