package repo

import (
	"context"
	"errors"
	"strings"
	"sync"

	"codeagent.dev/agent"
)

// identity is who git says the person is, asked once: Open makes a new Repo when
// the configuration changes.
type identity struct {
	mu         sync.Mutex
	name, mail string
}

// Author returns "Name <mail>", who a result is by: the one given, else who git says
// the person is in this repository. Invalid when it is neither.
func (r *Repo) Author(ctx context.Context, given string) (string, error) {
	name, mail, err := r.author(ctx, given)
	if err != nil {
		return "", err
	}
	return name + " <" + mail + ">", nil
}

// author returns who a commit is by: the one given as "Name <mail>", else who git
// says the person is in this repository.
func (r *Repo) author(ctx context.Context, given string) (name, mail string, err error) {
	if given != "" {
		return parseAuthor(given)
	}
	r.identity.mu.Lock()
	defer r.identity.mu.Unlock()
	if r.identity.mail != "" {
		return r.identity.name, r.identity.mail, nil
	}
	out, err := gitRun{dir: r.Root(), args: []string{"var", "GIT_AUTHOR_IDENT"}}.output(ctx)
	if failed, ok := errors.AsType[*gitError](err); ok {
		return "", "", agent.Errorf(agent.Invalid, "git does not know who you are: %s", failed.message()).
			WithHint(`git config --global user.name "Your Name" && git config --global user.email you@example.com (or --author "Name <mail>")`)
	}
	if err != nil {
		return "", "", err
	}
	ident := string(out)
	name, mail, err = parseAuthor(ident[:strings.LastIndexByte(ident, '>')+1])
	if err == nil {
		r.identity.name, r.identity.mail = name, mail
	}
	return name, mail, err
}

// parseAuthor takes "Name <mail>" apart. What would break a commit's header is
// refused.
func parseAuthor(s string) (name, mail string, err error) {
	name, rest, ok := strings.Cut(s, "<")
	mail, end, closed := strings.Cut(rest, ">")
	name, mail = strings.TrimSpace(name), strings.TrimSpace(mail)
	if !ok || !closed || strings.TrimSpace(end) != "" || name == "" || mail == "" || strings.ContainsAny(name+mail, "<>\n\x00") {
		return "", "", agent.Errorf(agent.Invalid, "author %q is not of the form Name <mail>", s).
			WithHint(`--author "Ada Lovelace <ada@example.com>"`)
	}
	return name, mail, nil
}
