package client

import (
	"testing"
	"time"

	"codeagent.dev/agent/api"
)

func TestOlder(t *testing.T) {
	order := []string{"v0.9.0", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.0.1+meta", "v1.10.0", "v2.0.0"}
	for i, a := range order {
		for j, b := range order {
			if got := older(api.Build{Version: a}, api.Build{Version: b}); got != (i < j) {
				t.Errorf("older(%s, %s) = %t", a, b, got)
			}
		}
	}
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range []struct {
		a, b api.Build
		want bool
	}{
		{api.Build{Version: "devel", Time: early}, api.Build{Version: "devel", Time: late}, true},
		{api.Build{Version: "devel", Time: late}, api.Build{Version: "devel", Time: early}, false},
		{api.Build{Version: "devel"}, api.Build{Version: "devel", Time: late}, false},               // nothing known
		{api.Build{Version: "v1.0.0", Time: early}, api.Build{Version: "v1.0.0", Time: late}, true}, // rebuilt
		{api.Build{Version: "v1.0.0", Time: late}, api.Build{Version: "v1.0.1", Time: early}, true}, // the version decides
		{api.Build{Version: "v1.0", Time: early}, api.Build{Version: "v0.9.0", Time: late}, true},   // no version: the time
		{api.Build{Version: "v1.-1.0"}, api.Build{Version: "v2.0.0"}, false},
	} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%v, %v) = %t", c.a, c.b, got)
		}
	}
}
