package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"codeagent.dev/agent/patch"
)

// Text is bytes as JSON has them: a string, or {"b64": "..."} where they are not
// valid UTF-8.
type Text []byte

// encoded is a text, or a link's target, that is no plain string.
type encoded struct {
	B64  *[]byte `json:"b64,omitempty"`
	Link *Text   `json:"link,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(t) {
		raw := []byte(t)
		return json.Marshal(encoded{B64: &raw})
	}
	return plain(string(t))
}

// plain is a string as JSON, without the escapes that only a web page needs.
func plain(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '{' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if lost(s, raw) {
			return errors.New(`a string holds half of a surrogate pair; write such a text as {"b64": "..."}`)
		}
		*t = Text(s)
		return nil
	}
	var e encoded
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if e.B64 == nil {
		return fmt.Errorf(`a text is a string or {"b64": "..."}, not %.60s`, raw)
	}
	*t = *e.B64
	return nil
}

// lost reports whether decoding raw put a replacement character where raw has none:
// for \ud800 without its other half, which is how some languages write bytes that are
// not UTF-8.
func lost(s string, raw []byte) bool {
	const replacement = "\ufffd"
	n := strings.Count(s, replacement)
	return n > 0 && n > bytes.Count(raw, []byte(replacement))+bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
}

// MarshalJSON implements json.Marshaler: a content like a Text, or {"link": target}.
// The mode of a file is not part of it.
func (f File) MarshalJSON() ([]byte, error) {
	if f.Mode != patch.ModeLink {
		return Text(f.Data).MarshalJSON()
	}
	return json.Marshal(encoded{Link: (*Text)(&f.Data)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *File) UnmarshalJSON(raw []byte) error {
	var e encoded
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
	}
	if e.Link != nil {
		*f = File{patch.ModeLink, *e.Link}
		return nil
	}
	f.Mode = patch.ModeFile
	return (*Text)(&f.Data).UnmarshalJSON(raw)
}
