package api

import (
	"net/url"
	"strconv"
	"time"

	"codeagent.dev/agent"
)

// EncodeFilter writes f as the query of a list.
func EncodeFilter(f agent.Filter) url.Values {
	q := url.Values{}
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	for _, v := range f.Verdicts {
		q.Add("verdict", string(v))
	}
	if f.Repo != "" {
		q.Set("repo", f.Repo)
	}
	if !f.EndedBefore.IsZero() {
		q.Set("ended_before", f.EndedBefore.Format(time.RFC3339Nano))
	}
	if f.After != 0 {
		q.Set("after", f.After.String())
	}
	if f.Oldest {
		q.Set("oldest", "1")
	}
	if f.Limit != 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}

// DecodeFilter reads what EncodeFilter writes. A value it cannot read is an Invalid error.
func DecodeFilter(q url.Values) (f agent.Filter, err error) {
	for _, s := range q["state"] {
		f.States = append(f.States, agent.State(s))
	}
	for _, v := range q["verdict"] {
		f.Verdicts = append(f.Verdicts, agent.Verdict(v))
	}
	f.Repo = q.Get("repo")
	if s := q.Get("ended_before"); s != "" {
		if f.EndedBefore, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return f, agent.Errorf(agent.Invalid, "ended_before=%.40q is no RFC 3339 time", s)
		}
	}
	after, err := number(q, "after")
	if err != nil {
		return f, err
	}
	f.After = agent.ID(after)
	if f.Oldest, err = Flag(q, "oldest"); err != nil {
		return f, err
	}
	limit, err := number(q, "limit")
	f.Limit = int(limit)
	return f, err
}

// Flag reads a yes-or-no parameter; absent or empty is no.
func Flag(q url.Values, name string) (bool, error) {
	s := q.Get(name)
	if s == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, agent.Errorf(agent.Invalid, "%s=%.40q is neither 1 nor 0", name, s)
	}
	return v, nil
}

func number(q url.Values, name string) (int64, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, agent.Errorf(agent.Invalid, "%s=%.40q is no number", name, s)
	}
	return n, nil
}
