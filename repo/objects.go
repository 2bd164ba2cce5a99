package repo

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// header reads one answer of `git cat-file`: "<id> <type> <size>", or "<name>
// missing", or "<name> ambiguous". A name may hold spaces; the words stand last.
func (s *session) header() (header, error) {
	line, err := s.line()
	if err != nil {
		return header{}, err
	}
	for _, word := range []string{"missing", "ambiguous"} {
		if strings.HasSuffix(line, " "+word) {
			return header{typ: word, size: -1}, nil
		}
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return header{}, &broken{fmt.Errorf("unexpected answer %q", line)}
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return header{}, &broken{fmt.Errorf("unexpected answer %q", line)}
	}
	return header{id: fields[0], typ: fields[1], size: size}, nil
}

// content reads the object that follows its header in `git cat-file --batch`.
func (s *session) content(h header) ([]byte, error) {
	data := make([]byte, h.size+1)
	if _, err := io.ReadFull(s.out, data); err != nil {
		return nil, &broken{fmt.Errorf("object %s is cut off: %w", h.id, err)}
	}
	return data[:h.size], nil
}
