package api

import (
	"time"

	"codeagent.dev/agent"
)

// Name is what Ping.Name says, so that a foreign server on our socket is noticed.
const Name = "agent"

// Ping is who answers on the socket.
type Ping struct {
	Name     string    `json:"name"`
	Protocol Range     `json:"protocol"`
	Build    Build     `json:"build"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	State    string    `json:"state"`            // its state directory
	Listen   string    `json:"listen,omitempty"` // its health port's address; empty: off
	Busy     bool      `json:"busy"`             // variants are running
	Stopping bool      `json:"stopping,omitempty"`
}

// Health is how the daemon is. OK is false when Problems is not empty.
type Health struct {
	OK       bool          `json:"ok"`
	Problems []Problem     `json:"problems,omitempty"`
	Store    StoreHealth   `json:"store"`
	Disk     DiskHealth    `json:"disk"`
	Git      GitHealth     `json:"git"`
	Workers  WorkersHealth `json:"workers"`
	Queue    QueueHealth   `json:"queue"`
	Build    Build         `json:"build"`
	Protocol Range         `json:"protocol"`
	PID      int           `json:"pid"`
	Started  time.Time     `json:"started"`
}

// Problem is one thing that is wrong, in words for a person.
type Problem struct {
	Part   string `json:"part"` // store, disk, git, daemon
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

// StoreHealth is whether the store answers, and how fast.
type StoreHealth struct {
	OK    bool           `json:"ok"`
	Took  agent.Duration `json:"took"`
	Bytes int64          `json:"bytes"` // what it keeps
}

// DiskHealth is the space left where the state directory is.
type DiskHealth struct {
	OK   bool   `json:"ok"`
	Path string `json:"path"`
	Free uint64 `json:"free"` // bytes we may use
	Min  uint64 `json:"min"`  // bytes that must be left
}

// GitHealth is the git that is used.
type GitHealth struct {
	OK      bool   `json:"ok"`
	Version string `json:"version,omitempty"`
}

// WorkersHealth is what runs, and what may run at once.
type WorkersHealth struct {
	Running int `json:"running"`
	Limit   int `json:"limit"`
}

// QueueHealth is what waits.
type QueueHealth struct {
	agent.Status
	OldestWait agent.Duration `json:"oldest_wait"` // how long the oldest waiting job has waited
}

// Fail adds a problem.
func (h *Health) Fail(part string, err error) {
	h.OK = false
	h.Problems = append(h.Problems, Problem{Part: part, Reason: err.Error(), Hint: agent.HintOf(err)})
}

// Jobs is the body of a list.
type Jobs struct {
	Jobs []agent.Job `json:"jobs"`
}
