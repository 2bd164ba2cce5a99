package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkListen accepts off and loopback addresses only: what is served there has no
// authentication.
func checkListen(text string) error {
	if text == "off" {
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("%q is no address; write 127.0.0.1:7717, or off", text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is no port; write a number up to 65535", port)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not on the loopback interface; write 127.0.0.1:%s", host, port)
	}
	return nil
}

// checkAuthor accepts "Name <mail>", as git does, and refuses what would break a
// commit's header.
func checkAuthor(text string) error {
	if text == "" {
		return nil
	}
	name, rest, ok := strings.Cut(text, " <")
	address, closed := strings.CutSuffix(rest, ">")
	if !ok || !closed || strings.TrimSpace(name) == "" || strings.ContainsAny(name+address, "<>\n\r\x00") {
		return fmt.Errorf(`%q is no author; write "Ada Lovelace <ada@example.org>"`, text)
	}
	if _, err := mail.ParseAddress(address); err != nil {
		return fmt.Errorf("%q is no mail address", address)
	}
	return nil
}

// checkWord accepts the name of a provider or an agent. It stands in file names and
// before a slash, so it is kept to what needs quotes nowhere.
func checkWord(text string) error {
	for i, r := range text {
		inner := i > 0 && i+1 < len(text) && (r == '-' || r == '_')
		digit := i > 0 && r >= '0' && r <= '9'
		if (r < 'a' || r > 'z') && !digit && !inner || len(text) > 64 {
			return fmt.Errorf("%q is no name; lower-case letters, digits and - are possible", mask(text))
		}
	}
	if text == "" {
		return errors.New("the name is empty")
	}
	return nil
}

// checkModel accepts PROVIDER/MODEL. Models are named by their makers: with dots,
// colons and further slashes.
func checkModel(text string) error {
	provider, model, ok := strings.Cut(text, "/")
	if !ok || checkWord(provider) != nil || model == "" || checkPlain(model) != nil {
		return fmt.Errorf("%q is no model; write PROVIDER/MODEL", mask(text))
	}
	return nil
}

// checkPlain accepts one word that is no key.
func checkPlain(text string) error {
	if strings.ContainsAny(text, " \t\"'\\") || len(text) > 256 {
		return fmt.Errorf("%q is not one word", mask(text))
	}
	return checkNoSecret(text)
}

// checkAbsolute accepts an absolute path, or none.
func checkAbsolute(text string) error {
	if text != "" && !absolute(text) {
		return fmt.Errorf("%q is no absolute path", mask(text))
	}
	return nil
}

// absolute takes a path from the root for one on Windows as well: it does not depend on
// where a program was started, and settings are carried from system to system.
func absolute(path string) bool { return filepath.IsAbs(path) || strings.HasPrefix(path, "/") }

// checkURL accepts the address of a service. One that holds a password or a query
// would carry a secret into the file, and from there into logs.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(text, " \t"):
		return fmt.Errorf("%q is no address; write http://HOST:PORT or https://HOST/PATH", mask(text))
	case u.User != nil:
		return errors.New("the address holds a user or a password; name the variable that holds the key: key: NAME")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return errors.New("the address holds a query or a fragment; write api_version: for what Azure wants there")
	}
	return checkNoSecret(text)
}

// checkEvent accepts what a person can be told of.
func checkEvent(text string) error {
	if words := []string{"job.done", "batch.done", "needs_input"}; !slices.Contains(words, text) {
		return fmt.Errorf("%q is no event; possible are %s", mask(text), strings.Join(words, ", "))
	}
	return nil
}

// checkWebhook accepts a URL without a key in it, or the file that holds one with.
func checkWebhook(text string) error {
	if path, ok := strings.CutPrefix(text, filePrefix); ok || text == "" {
		if ok && !absolute(path) {
			return errors.New("the file of an address needs an absolute path; write file:/absolute/path")
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(text, " \t") {
		return fmt.Errorf("%q is no address; write https://HOST/PATH, or file:/absolute/path", mask(text))
	}
	if u.User != nil || checkNoSecret(text) != nil {
		return errors.New("the address holds what looks like a key, and settings hold none; put it into a file and write file:/absolute/path")
	}
	return nil
}

// checkSecretPlace is checkKeyPlace for a key that need not be there.
func checkSecretPlace(text string) error {
	if text == "" {
		return nil
	}
	return checkKeyPlace(text)
}

// filePrefix begins a key's place that is a file.
const filePrefix = "file:"

// checkKeyPlace accepts the name of a variable or a file. Its errors never show the
// text: it may be the key.
func checkKeyPlace(text string) error {
	if path, ok := strings.CutPrefix(text, filePrefix); ok {
		if !absolute(path) {
			return errors.New("the file of a key needs an absolute path; write file:/absolute/path")
		}
		return nil
	}
	if checkNoSecret(text) != nil || len(text) > longKey && (mixed(text) || !strings.Contains(text, "_")) {
		return errors.New("this looks like the key itself, and settings hold none; write the NAME of the variable that holds it, or file:/absolute/path")
	}
	if !variableName(text) {
		return errors.New("this is no variable's name; write the NAME of the variable that holds the key, or file:/absolute/path")
	}
	return nil
}

func variableName(text string) bool {
	for i, r := range text {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

func checkAgentEnv(entry string) error {
	if checkNoSecret(entry) != nil || strings.Contains(entry, "=") {
		return errors.New("the NAME of a variable is needed here, not its value")
	}
	return checkEnv(entry)
}

// checkNoSecret refuses what looks like a key, in words of their own or within others.
func checkNoSecret(text string) error {
	if slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return !keyRune(r) }), looksLikeKey) {
		return errors.New("this looks like a key, and settings hold none; write the NAME of the variable that holds it")
	}
	return nil
}

func keyRune(r rune) bool {
	return r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// longKey is the length from which letters and digits of both cases, without a mark
// between, are taken for a key. Names of models are longer, but have marks.
const longKey = 30

// looksLikeKey knows the prefixes that services give their keys, and takes what no
// person would type for one.
func looksLikeKey(word string) bool {
	word = strings.TrimLeft(word, "-_")
	for _, prefix := range strings.Fields("sk- sk_ gsk_ xai- ghp_ gho_ ghs_ hf_ glpat- github_pat_ AIza nvapi- pplx-") {
		rest, ok := strings.CutPrefix(word, prefix)
		if ok && (len(rest) >= 20 || len(rest) >= 8 && strings.ContainsAny(rest, "0123456789")) {
			return true
		}
	}
	return len(word) > longKey && mixed(word) && slices.ContainsFunc(strings.FieldsFunc(word, func(r rune) bool { return r == '-' || r == '_' }),
		func(run string) bool { return len(run) > longKey })
}

func mixed(word string) bool {
	return strings.ToUpper(word) != word && strings.ToLower(word) != word
}

// mask covers what looks like a key, a password in an address or a secret in its
// query with stars of the same width. Errors and the lines they show go to
// terminals, logs and bug reports; this is called for those alone.
func mask(text string) string {
	stars := func(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }
	text = regexp.MustCompile(`[A-Za-z0-9_-]+`).ReplaceAllStringFunc(text, func(word string) string {
		if looksLikeKey(word) {
			return stars(word)
		}
		return word
	})
	for _, secret := range []string{
		`(://)([^/\s]+)(@)`,
		`([?&][\w.-]+=)([^\s&"'},]+)()`,
		`(\bkey"?:\s*["']?)([^\s"',}#]+)()`,
	} {
		part := regexp.MustCompile(secret)
		text = part.ReplaceAllStringFunc(text, func(found string) string {
			p := part.FindStringSubmatch(found)
			if strings.HasPrefix(p[1], "key") && checkKeyPlace(p[2]) == nil {
				return found
			}
			return p[1] + stars(p[2]) + p[3]
		})
	}
	return text
}
