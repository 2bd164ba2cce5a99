// Package codertest is a coding agent for tests: a program that speaks ACP by the agent's
// side of the library, or prints what another agent was recorded to print, and behaves as
// it is told to.
package codertest

import (
	"fmt"
	"os"
	"strings"

	"codeagent.dev/agent/maker/coder"
)

// name is the first argument that makes a start of a test binary an agent.
const name = "codertest-agent"

// Behaviour is what the agent does in its turn.
type Behaviour string

const (
	Edit         Behaviour = "edit"          // replaces blue by red in style.css, and says so
	AskInside    Behaviour = "ask-inside"    // edits when it is permitted to
	AskOutside   Behaviour = "ask-outside"   // asks to write ../outside.txt, and does when permitted
	AskRun       Behaviour = "ask-run"       // asks to run a command, which edits
	Write        Behaviour = "write"         // edits by fs/read_text_file and fs/write_text_file
	WriteOutside Behaviour = "write-outside" // tries fs/write_text_file on outside paths and .git
	Outside      Behaviour = "outside"       // writes ../outside.txt without asking
	Fork         Behaviour = "fork"          // edits, and leaves a process in a session of its own
	Hang         Behaviour = "hang"          // says something, then nothing for ever
	HangSilent   Behaviour = "hang-silent"   // answers nothing at all
	Quit         Behaviour = "quit"          // exits in mid-turn with status 3
	Garbage      Behaviour = "garbage"       // prints what is no protocol, and waits
	Flood        Behaviour = "flood"         // prints that for ever
	Version      Behaviour = "version"       // speaks version 99
	Login        Behaviour = "login"         // wants a login
	Limit        Behaviour = "limit"         // its service takes no more
	Commit       Behaviour = "commit"        // edits, and commits to a repository of its own
	Question     Behaviour = "question"      // edits nothing and asks
	Nothing      Behaviour = "nothing"       // edits nothing
	Notify       Behaviour = "notify"        // edits after thousands of notifications, unknown ones too
	Refuse       Behaviour = "refuse"        // stops with a refusal
	Linger       Behaviour = "linger"        // edits, and does not end with its stdin
	Mistyped     Behaviour = "mistyped"      // answers with what is no answer
)

// Guard must come after proc.Guard in TestMain of a package that uses Agent or Replay.
// In a start of the test binary as an agent it does not return.
func Guard() {
	if len(os.Args) < 3 || os.Args[1] != name {
		return
	}
	switch os.Args[2] {
	case "replay":
		os.Exit(replay(os.Args[3], os.Args[4], os.Args[5:]))
	default:
		os.Exit(serve(Behaviour(os.Args[2])))
	}
}

// Agent returns an agent that speaks ACP and behaves so.
func Agent(b Behaviour) coder.Agent {
	return coder.Agent{Name: "fake", Kind: coder.ACP, Argv: []string{self(), name, string(b)},
		Install: "install the fake", Login: "log in to the fake"}
}

// Replay returns an agent that reads its task, prints a file and exits with a status. Each
// of edits, "file=content", is a file that it writes; an edit "hang" makes it wait before
// it exits, until it is ended.
func Replay(kind coder.Kind, file string, exit int, edits ...string) coder.Agent {
	return coder.Agent{Name: "replay", Kind: kind, Argv: append([]string{self(), name, "replay", file, fmt.Sprint(exit)}, edits...),
		Install: "install the fake", Login: "log in to the fake"}
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

func replay(file, exit string, edits []string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	hang := false
	for _, e := range edits {
		path, content, ok := strings.Cut(e, "=")
		if hang = hang || e == "hang"; !ok {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 125
		}
	}
	_, _ = os.Stdout.Write(text)
	if hang {
		forever()
	}
	code := 0
	_, _ = fmt.Sscan(exit, &code)
	return code
}
