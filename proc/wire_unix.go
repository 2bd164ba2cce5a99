//go:build linux || darwin

package proc

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
)

// request is what a guard is to run. It travels over a pipe, not as arguments or
// environment, so that the guard's own Go runtime sees none of it (GODEBUG, GOGC).
type request struct {
	path, dir string
	argv, env []string
}

const maxRequest = 16 << 20 // more than any system lets a program be started with

// writeRequest sends a length and then NUL-separated strings; Cmd.check made sure
// that none contains a NUL.
func writeRequest(w io.Writer, r request) error {
	fields := append([]string{r.path, r.dir, strconv.Itoa(len(r.argv))}, r.argv...)
	text := strings.Join(append(fields, r.env...), "\x00")
	if len(text) > maxRequest {
		return errors.New("its arguments and environment are too large")
	}
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

func readRequest(r io.Reader) (request, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return request{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxRequest {
		return request{}, errMalformed
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return request{}, err
	}
	fields := strings.Split(string(text), "\x00")
	if len(fields) < 4 {
		return request{}, errMalformed
	}
	argc, err := strconv.Atoi(fields[2])
	if err != nil || argc < 1 || len(fields) < 3+argc {
		return request{}, errMalformed
	}
	return request{path: fields[0], dir: fields[1], argv: fields[3 : 3+argc], env: fields[3+argc:]}, nil
}

var errMalformed = errors.New("malformed request")

// report is what a guard says: first started or refused, and after started, over.
type report struct {
	kind byte
	a, b uint32
}

const (
	started = 's' // a: the command's process id
	refused = 'r' // a: the errno of its execution
	over    = 'o' // a: the wait status; b: processes that could not be ended
)

// bytes is shorter than PIPE_BUF, so that a report is written whole or not at all.
func (r report) bytes() []byte {
	b := binary.BigEndian.AppendUint32([]byte{r.kind}, r.a)
	return binary.BigEndian.AppendUint32(b, r.b)
}

func readReport(from io.Reader) (report, error) {
	var b [9]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return report{}, err
	}
	return report{b[0], binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])}, nil
}
