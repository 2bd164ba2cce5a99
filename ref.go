package agent

import (
	"strconv"
	"strings"
)

// ID is a job's number, counted from 1 by its store. It is never used twice.
type ID int64

// String returns the number in decimal, as people type it.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Ref names a job, or one variant of it.
type Ref struct {
	Job     ID
	Variant int // 0: the job as a whole
}

// String returns "12" or "12/2".
func (r Ref) String() string {
	if r.Variant == 0 {
		return r.Job.String()
	}
	return r.Job.String() + "/" + strconv.Itoa(r.Variant)
}

// MarshalText implements encoding.TextMarshaler, with what String returns.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Ref) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRef(string(text))
	return err
}

// ParseRef reads "12" or "12/2". Anything else is an Invalid error.
func ParseRef(s string) (Ref, error) {
	job, variant, both := strings.Cut(s, "/")
	id, err := strconv.ParseInt(job, 10, 64)
	if err != nil || id < 1 {
		return Ref{}, Errorf(Invalid, "%q is no job id", s).WithHint("a job is named 12, a variant of it 12/2; `agent list` shows them")
	}
	ref := Ref{Job: ID(id)}
	if !both {
		return ref, nil
	}
	if ref.Variant, err = strconv.Atoi(variant); err != nil || ref.Variant < 1 {
		return Ref{}, Errorf(Invalid, "%q is no variant of a job", s).WithHint("a variant is named " + job + "/1; `agent show " + job + "` lists them")
	}
	return ref, nil
}
