package model

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A caller whose context ends must not wait for another's request for the same numbers.
func TestInfoIsLeftByACanceledCaller(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		http.NotFound(w, nil)
	}))
	defer server.Close()
	c, err := Open(Provider{Name: "ollama", Protocol: Ollama, URL: server.URL, Local: true}, "m", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first := make(chan error, 1)
	go func() { _, err := c.Info(context.Background()); first <- err }()
	<-asked
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = c.Info(ctx)
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Canceled {
		t.Errorf("Info = %v, want canceled", err)
	}
	close(release)
	<-first
}

func TestListOfAWrongProviderIsTyped(t *testing.T) {
	_, err := List(t.Context(), Provider{Name: "p", Protocol: OpenAI, URL: "ftp://x"}, Options{})
	if e, ok := errors.AsType[*Error](err); !ok || e.Provider != "p" || e.Hint == "" {
		t.Errorf("List = %#v, want an *Error that names the provider", err)
	}
}
