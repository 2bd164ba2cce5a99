package main

import (
	"cmp"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// paged gives write a writer: the person's pager when stdout is a terminal, else
// stdout. A pager that cannot be started is done without; one that is left early
// is no error.
func (a *app) paged(write func(io.Writer) error) error {
	command := a.env("PAGER")
	if command == "" && runtime.GOOS != "windows" {
		command = "less"
	}
	if !isTerminal(a.out) || command == "" || command == "cat" {
		err := write(a.out)
		return cmp.Or(a.unwritten(), err) // git, whose output it is, only knows that we hung up
	}
	argv := strings.Fields(command)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = a.out, a.err
	cmd.Env = a.environ
	if a.env("LESS") == "" {
		cmd.Env = append(cmd.Env, "LESS=FRX")
	}
	to, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return write(a.out)
	}
	err = write(to)
	closeErr := to.Close()
	waitErr := cmd.Wait()
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return errors.Join(err, closeErr, waitErr)
}
