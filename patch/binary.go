package patch

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// base85 is git's alphabet, which is not Ascii85's.
const base85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"

// size returns how many bytes of data b holds; b may be nil.
func (b *Binary) size() (n int) {
	if b != nil && b.Forward != nil {
		n += len(b.Forward.Data)
	}
	if b != nil && b.Back != nil {
		n += len(b.Back.Data)
	}
	return n
}

// binary reads what follows `GIT binary patch`: the half that makes the new
// content and, mostly, the half that makes the old one.
func (p *parser) binary(f *File) error {
	p.next()
	forward, err := p.blob()
	if err == nil && forward == nil {
		err = errAt(Malformed, p.line, "a binary patch begins with literal or delta and a size")
	}
	if err != nil {
		err.Path = f.Path()
		return err
	}
	back, err := p.blob()
	if err != nil {
		err.Path = f.Path()
		return err
	}
	f.Binary = &Binary{Forward: forward, Back: back}
	return nil
}

// blob reads one half; it is nil when the next line begins none.
func (p *parser) blob() (*Blob, *Error) {
	kind, rest, _ := strings.Cut(string(cutLine(p.peek())), " ")
	if kind != "literal" && kind != "delta" {
		return nil, nil
	}
	size, err := strconv.Atoi(rest)
	if err != nil || size < 0 {
		return nil, errAt(Malformed, p.line, "the size %q of a binary patch is no number", clip(rest))
	}
	if size > MaxFile {
		return nil, errAt(TooLarge, p.line, "a binary patch of %d bytes is larger than %d", size, MaxFile)
	}
	start := p.line
	p.next()
	var packed []byte
	for {
		line := cutLine(p.peek())
		if len(p.peek()) == 0 {
			return nil, errAt(Malformed, p.line, "the patch ends inside binary data")
		}
		if p.next(); len(line) == 0 {
			break
		}
		if packed, err = unbase85(packed, line); err != nil {
			return nil, errAt(Malformed, p.line-1, "%v", err)
		}
	}
	data, err := inflate(packed, size)
	if err != nil {
		return nil, errAt(Malformed, start, "%v", err)
	}
	return &Blob{Delta: kind == "delta", Data: data}, nil
}

// unbase85 appends the bytes of one line: a letter for their number, then five
// characters for every four of them.
func unbase85(data, line []byte) ([]byte, error) {
	n := 0
	switch c := line[0]; {
	case 'A' <= c && c <= 'Z':
		n = int(c-'A') + 1
	case 'a' <= c && c <= 'z':
		n = int(c-'a') + 27
	}
	if n == 0 || len(line)-1 != (n+3)/4*5 {
		return nil, errors.New("a line of binary data has the wrong length")
	}
	for group := line[1:]; len(group) > 0; group = group[5:] {
		var v uint64
		for _, c := range group[:5] {
			d := strings.IndexByte(base85, c)
			if d < 0 {
				return nil, fmt.Errorf("binary data holds %q, which is not of git's base 85", c)
			}
			v = v*85 + uint64(d)
		}
		if v > 1<<32-1 {
			return nil, errors.New("binary data holds a group beyond 32 bits")
		}
		word := []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
		data = append(data, word[:min(4, n)]...)
		n -= 4
	}
	return data, nil
}

// appendBase85 writes data in lines of 52 bytes, as git does.
func appendBase85(out, data []byte) []byte {
	for ; len(data) > 0; data = data[min(52, len(data)):] {
		line := data[:min(52, len(data))]
		if n := len(line); n <= 26 {
			out = append(out, byte('A'+n-1))
		} else {
			out = append(out, byte('a'+n-27))
		}
		for ; len(line) > 0; line = line[min(4, len(line)):] {
			var word [4]byte
			copy(word[:], line)
			v := uint32(word[0])<<24 | uint32(word[1])<<16 | uint32(word[2])<<8 | uint32(word[3])
			var group [5]byte
			for i := 4; i >= 0; i-- {
				group[i] = base85[v%85]
				v /= 85
			}
			out = append(out, group[:]...)
		}
		out = append(out, '\n')
	}
	return out
}

// inflate unpacks zlib data that must come to exactly size bytes, so that a small
// patch cannot fill the memory.
func inflate(packed []byte, size int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("binary data is not zlib data")
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	if err != nil {
		return nil, errors.New("binary data is damaged")
	}
	if len(data) != size {
		return nil, fmt.Errorf("binary data does not have the %d bytes its header states", size)
	}
	return data, nil
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// content returns what b makes of the other side.
func (b *Blob) content(other []byte) ([]byte, error) {
	if !b.Delta {
		return b.Data, nil
	}
	return undelta(b.Data, other)
}

var errDelta = errors.New("the binary delta is damaged")

// undelta applies a delta of git's pack format.
func undelta(delta, base []byte) ([]byte, error) {
	from, delta, ok := varint(delta)
	to, delta, ok2 := varint(delta)
	if !ok || !ok2 || to > MaxFile {
		return nil, errDelta
	}
	if from != len(base) {
		return nil, fmt.Errorf("the binary delta is made for %d bytes, and the file has %d", from, len(base))
	}
	out := make([]byte, 0, min(to, len(base)+len(delta)))
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		if op&0x80 != 0 {
			if piece, delta, ok = copied(op, delta, base); !ok {
				return nil, errDelta
			}
		} else {
			if op == 0 || int(op) > len(delta) {
				return nil, errDelta
			}
			piece, delta = delta[:op], delta[op:]
		}
		if len(piece) > to-len(out) {
			return nil, errDelta
		}
		out = append(out, piece...)
	}
	if len(out) != to {
		return nil, errDelta
	}
	return out, nil
}

// copied reads the rest of a copy instruction and returns the piece of base it names.
// The bits of op say which bytes of offset and size follow; the others are zero.
func copied(op byte, delta, base []byte) (piece, rest []byte, ok bool) {
	var offset, size int
	for i := range 7 {
		if op>>i&1 == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, false
		}
		if i < 4 {
			offset |= int(delta[0]) << (8 * i)
		} else {
			size |= int(delta[0]) << (8 * (i - 4))
		}
		delta = delta[1:]
	}
	if size == 0 {
		size = 0x10000
	}
	if offset > len(base) || size > len(base)-offset {
		return nil, nil, false
	}
	return base[offset : offset+size], delta, true
}

// varint reads a number, seven bits a byte, the lowest first.
func varint(b []byte) (n int, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 5; i++ {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return n, b[i+1:], n <= maxNumber
		}
	}
	return 0, nil, false
}

// blobID returns the id git gives to data, in the hash that has ids of that length.
func blobID(data []byte, length int) string {
	head := fmt.Appendf(nil, "blob %d\x00", len(data))
	if length > 2*sha1.Size {
		h := sha256.New()
		h.Write(head)
		h.Write(data)
		return hex.EncodeToString(h.Sum(nil))
	}
	h := sha1.New()
	h.Write(head)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// isWhole reports whether id is a whole object id, which alone proves a content.
func isWhole(id string) bool { return len(id) == 2*sha1.Size || len(id) == 2*sha256.Size }

// isBinary guesses as git does: a NUL among the first 8000 bytes.
func isBinary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }
