package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Webhook posts each notice as JSON to an address. A redirect is refused, because the
// notice is for the one that was named.
//
// With a secret it is signed as Standard Webhooks asks (standardwebhooks.com): webhook-id,
// webhook-timestamp, and webhook-signature, which is "v1," and the base64 of the
// HMAC-SHA256 of id, timestamp and body, joined by dots. A secret that begins with whsec_ is
// base64; any other is taken as it stands. The id stays the same when a notice is sent
// again.
type Webhook struct {
	url    string
	secret []byte
	client *http.Client
}

const (
	hookTry   = 5 * time.Second // one try, with its answer
	hookTries = 3
	hookWait  = time.Second // before the second try; then four times that; half to one and a half of each
	hookReads = 16 << 10    // bytes of an answer
)

// NewWebhook makes a Webhook. transport may be nil.
func NewWebhook(address, secret string, transport http.RoundTripper) (*Webhook, error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the address of the webhook is none: it begins with http:// or https://") // it may hold a key
	}
	key := []byte(secret)
	if coded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, errors.New("the secret of the webhook begins with whsec_ and is no base64")
		}
	}
	return &Webhook{url: address, secret: key, client: &http.Client{
		Transport: transport, Timeout: hookTry,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name implements Sink.
func (*Webhook) Name() string { return "webhook" }

// Send implements Sink. What may be better later (no answer, 408, 429, 5xx) is tried three
// times.
func (w *Webhook) Send(ctx context.Context, n Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	wait := hookWait
	for try := 1; ; try++ {
		again, err := w.post(ctx, n.ID, body)
		if err == nil || !again || try == hookTries {
			return err
		}
		if !sleep(ctx, wait/2+rand.N(wait)) {
			return ctx.Err()
		}
		wait *= 4
	}
}

// post tries once. again says that another try may do better.
func (w *Webhook) post(ctx context.Context, id string, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return false, plain(err)
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "agent")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", stamp)
	if len(w.secret) > 0 {
		req.Header.Set("Webhook-Signature", "v1,"+sign(w.secret, id, stamp, body))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return true, plain(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, hookReads) // so that the connection can be used again
	switch code := resp.StatusCode; {
	case code < 300:
		return false, nil
	case code < 400:
		return false, fmt.Errorf("%s: a redirect is not followed; set the address it leads to", resp.Status)
	default:
		return code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500, errors.New(resp.Status)
	}
}

func sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.", id, stamp)
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// plain is an error without the address, in which people keep keys.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
