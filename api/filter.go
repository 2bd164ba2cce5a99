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
	if f.Name != "" {
		q.Set("name", f.Name)
	}
	for name, list := range map[string][]string{"group": f.Groups, "label": f.Labels, "maker": f.Makers, "word": f.Words} {
		for _, v := range list {
			q.Add(name, v)
		}
	}
	if f.Sort != "" {
		q.Set("sort", string(f.Sort))
	}
	if f.Skip != 0 {
		q.Set("skip", strconv.Itoa(f.Skip))
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
	f.Repo, f.Name, f.Sort = q.Get("repo"), q.Get("name"), agent.Sort(q.Get("sort"))
	f.Groups, f.Labels, f.Makers, f.Words = q["group"], q["label"], q["maker"], q["word"]
	skip, err := number(q, "skip")
	if err != nil {
		return f, err
	}
	f.Skip = int(skip)
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
