package proc_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"codeagent.dev/agent/proc"
)

// What a test makes another start of this program do: run $PROC_TEST_RUN, in one of
// these ways.
const (
	plainly      = "plainly"
	withoutGuard = "without calling Guard"
	afterRemoval = "after its own file was removed"
)

func TestMain(m *testing.M) {
	how := os.Getenv("PROC_TEST_HOW")
	if how != withoutGuard {
		proc.Guard()
	}
	if how != "" {
		os.Exit(another(how))
	}
	goleak.VerifyTestMain(m)
}

func another(how string) int {
	if how == afterRemoval {
		if err := os.Remove(os.Args[0]); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	r, err := proc.Run(context.Background(), proc.Cmd{Shell: os.Getenv("PROC_TEST_RUN"), Dir: "/", Env: basicEnv})
	fmt.Println(string(r.Tail), r.Why, err)
	return 0
}

var basicEnv = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
