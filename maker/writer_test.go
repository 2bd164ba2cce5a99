package maker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/model"
)

// small is a provider whose models have a small context, which is never asked for it.
func small(t *testing.T, context int) *maker.Set {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/chat/completions") {
			t.Error("a request was sent")
		}
		fmt.Fprintf(w, `{"data":[{"id":"m","context_length":%d}]}`, context)
	}))
	t.Cleanup(server.Close)
	set := maker.NewSet(maker.Config{
		Providers: []model.Provider{{Name: "p", Protocol: model.OpenAI, URL: server.URL}},
		Bounds:    map[string]maker.Bounds{"p": {Context: context}},
	})
	t.Cleanup(set.Close)
	return set
}

// TestContextTooSmall: what does not fit says so with the numbers, before anything is sent.
func TestContextTooSmall(t *testing.T) {
	tree := fstest.MapFS{"big.go": {Data: []byte("package p\n\n" + strings.Repeat("var x = \"some words\"\n", 2000))}}
	for name, tc := range map[string]struct {
		words string
		paths []string
		want  string
	}{
		"named files": {"change it", []string{"big.go"}, "context too small: the named file needs"},
		"long words":  {strings.Repeat("many words ", 18_000), nil, "the task is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := named("p/m")
			spec.Text, spec.Limits.Paths = tc.words, tc.paths
			makers, err := small(t, 8000).For(spec, 1)
			if err != nil {
				t.Fatal(err)
			}
			show := func(context.Context) (*brief.Request, error) {
				return &brief.Request{Tree: tree, Words: spec.Text, Paths: tc.paths}, nil
			}
			_, err = makers[0].Make(t.Context(), maker.Request{Spec: spec, Variant: 1, Try: 1, Tree: tree, Show: show})
			if e := ended(t, err); e.Verdict != agent.Failed || !e.Own || !strings.Contains(e.Reason, tc.want) || e.Hint == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}
