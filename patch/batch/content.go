package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
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
		err := json.Unmarshal(raw, &s)
		*t = Text(s)
		return err
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
