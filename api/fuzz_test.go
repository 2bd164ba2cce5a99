package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent/api"
)

// FuzzDecodeSpec reads what anybody may send. What was understood survives being
// written and read again.
func FuzzDecodeSpec(f *testing.F) {
	f.Add("{\"kind\":\"diff\",\"repo\":\"/r\",\"base\":\"HEAD\"}\n--- a/x\n+++ b/x\n")
	f.Add("{\"limits\":{\"make\":\"1m30s\",\"paths\":[\"a\"]},\"env\":{\"A\":\"b\"}}\n\xff\x00")
	f.Add("[]\n")
	f.Add("\n\n")
	f.Fuzz(func(t *testing.T, body string) {
		spec, err := api.DecodeSpec(body)
		if err != nil {
			return
		}
		head, err := api.Head(spec)
		if err != nil {
			t.Fatal(err)
		}
		again, err := api.DecodeSpec(string(head) + spec.Text)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		if diff := cmp.Diff(spec, again, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
