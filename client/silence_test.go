package client

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent/api"
)

// A stream with heartbeats may be quiet for ever; one without is dead.
func TestSilentStreamIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		began := time.Now()
		go func() {
			for range 20 {
				time.Sleep(api.Heartbeat)
				w.Write([]byte("\n"))
			}
		}()
		err := readLines(t.Context(), &http.Response{Body: r}, func(api.Line) bool { t.Error("a line"); return false })
		if took := time.Since(began); err != errCut || took != 20*api.Heartbeat+api.Silence {
			t.Errorf("ended after %s: %v", took, err)
		}
	})
}

func TestStreamEnds(t *testing.T) {
	for text, want := range map[string]error{
		"{\"job\":1,\"seq\":1}\n{\"end\":true}\n": nil,
		"{\"job\":1,\"seq\":1}\n":                 errCut,
		"{\"job\":1,\"seq\":1}\n{\"job\":1,\"se":  errCut,
		"":                                        errCut,
		"{\"job\":1,\"seq\":1}\n\n\n{\"end\":true}\nnonsense": nil,
	} {
		r, w := io.Pipe()
		go func() { io.WriteString(w, text); w.CloseWithError(io.ErrUnexpectedEOF) }()
		if err := readLines(t.Context(), &http.Response{Body: r}, func(api.Line) bool { return true }); err != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		r.Close()
	}
}
