package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/notify"
)

// hostile is a notice whose texts mean something to a shell, a script and markup.
func hostile() notify.Notice {
	return notify.Notice{
		ID: "n1", Event: notify.JobDone, Title: `-e 'x' "$(touch pwned)" ; rm`, Text: "`touch pwned` <b>&amp; %PATH%\" & end run", Repo: "/r/tool", Count: 1,
		Counts: map[string]int{"verified": 1}, Jobs: []notify.Job{{ID: 12, Verdict: agent.Verified, Title: "t", Commit: commit}},
	}
}

func TestCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test's command is for a POSIX shell")
	}
	dir := t.TempDir()
	c := notify.Command{
		Dir: dir, Env: map[string]string{"PATH": os.Getenv("PATH"), "MINE": "yes"},
		Shell: `cat >stdin; printf '%s\n' "$AGENT_EVENT" "$AGENT_JOB" "$AGENT_JOBS" "$AGENT_COUNT" "$AGENT_VERDICT" "$AGENT_TITLE" "$AGENT_TEXT" "$AGENT_REPO" "$MINE" >env`,
	}
	n := hostile()
	if err := c.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{"job.done", "12", "12", "1", "verified", n.Title, n.Text, "/r/tool", "yes"}, "\n") + "\n"
	if got, err := os.ReadFile(filepath.Join(dir, "env")); string(got) != want {
		t.Errorf("its environment: %q (%v)", got, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "stdin"))
	var read notify.Notice
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if diff := cmp.Diff(n, read); err != nil || diff != "" {
		t.Errorf("its stdin: %v\n%s", err, diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a title was run")
	}
	c.Shell = "echo first; echo cannot do it >&2; exit 3"
	if err := c.Send(t.Context(), n); err == nil || err.Error() != "exit status 3: cannot do it" {
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	c.Shell = "sleep 300"
	if err := c.Send(ctx, n); err == nil {
		t.Error("a command that was ended succeeded")
	}
}

// TestDesktop runs what stands under the name of the system's program on a PATH of ours.
func TestDesktop(t *testing.T) {
	name := map[string]string{"linux": "notify-send", "darwin": "osascript"}[runtime.GOOS]
	if name == "" {
		t.Skipf("no program to stand in on %s", runtime.GOOS)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >'" + dir + "/args'\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	d := notify.Desktop{Dir: dir, Env: map[string]string{"PATH": dir + ":/usr/bin:/bin"}}
	n := hostile()
	if err := d.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		t.Fatal(err)
	}
	want := "--\n" + n.Title + "\n" + n.Text + "\n"
	if runtime.GOOS == "linux" {
		want = "--app-name=agent\n--urgency=normal\n--\n" + n.Title + "\n`touch pwned` &lt;b&gt;&amp;amp; %PATH%&#34; &amp; end run\n"
	}
	if !strings.HasSuffix(string(got), want) {
		t.Errorf("%s got %q, want the end %q", name, got, want)
	}
	d.Env["PATH"] = t.TempDir()
	if err := d.Send(t.Context(), n); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("without the program: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	for secret, key := range map[string]string{"": "", "plain": "plain", "whsec_" + base64.StdEncoding.EncodeToString([]byte("coded")): "coded"} {
		hook, err := notify.NewWebhook(server.URL+"/hook", secret, server.Client().Transport)
		if err != nil {
			t.Fatal(err)
		}
		n := hostile()
		if err := hook.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		var read notify.Notice
		if err := json.Unmarshal(body, &read); err != nil || !cmp.Equal(n, read) {
			t.Errorf("%v in %s", err, body)
		}
		want := ""
		if key != "" {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte("n1." + got.Header.Get("webhook-timestamp") + "." + string(body)))
			want = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}
		if sig := got.Header.Get("webhook-signature"); sig != want || got.Header.Get("webhook-id") != "n1" || got.Method != "POST" {
			t.Errorf("secret %q: signature %q, want %q; %s %v", secret, sig, want, got.Method, got.Header)
		}
	}
}

func TestWebhookRefusals(t *testing.T) {
	other := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other++ }))
	defer elsewhere.Close()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	for path, says := range map[string]string{"/moved": "redirect", "/forbidden": "403"} {
		calls = 0
		hook, err := notify.NewWebhook(server.URL+path+"?token=hidden", "", server.Client().Transport)
		if err != nil {
			t.Fatal(err)
		}
		err = hook.Send(t.Context(), hostile())
		if err == nil || !strings.Contains(err.Error(), says) || calls != 1 || other != 0 {
			t.Errorf("%s: %v after %d calls, %d elsewhere", path, err, calls, other)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error shows the address: %v", err)
		}
	}
	for _, bad := range []string{"", "hooks.example.org/x", "file:///etc/passwd", "https://", "http://a b/"} {
		if _, err := notify.NewWebhook(bad, "", nil); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := notify.NewWebhook("http://h/", "whsec_***", nil); err == nil {
		t.Error("a secret that is no base64 was taken")
	}
}

// answers is a transport that gives one answer after the other.
type answers struct {
	codes []int // 0: no answer
	at    []time.Time
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	code := a.codes[len(a.at)]
	a.at = append(a.at, time.Now())
	if code == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Body: http.NoBody}, nil
}

func TestWebhookTriesAgain(t *testing.T) {
	for _, c := range []struct {
		codes []int
		tries int
		ok    bool
	}{
		{[]int{503, 0, 200}, 3, true}, {[]int{429, 204}, 2, true}, {[]int{0, 0, 0}, 3, false}, {[]int{400}, 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{codes: c.codes}
			hook, err := notify.NewWebhook("http://hook.example.org/x", "", a)
			if err != nil {
				t.Fatal(err)
			}
			err = hook.Send(t.Context(), hostile())
			if (err == nil) != c.ok || len(a.at) != c.tries {
				t.Errorf("%v: %v after %d tries", c.codes, err, len(a.at))
			}
			for i := 1; i < len(a.at); i++ {
				least := 500 * time.Millisecond << (2 * (i - 1))
				if waited := a.at[i].Sub(a.at[i-1]); waited < least || waited > 3*least {
					t.Errorf("%v: waited %s before try %d", c.codes, waited, i+1)
				}
			}
		})
	}
}
