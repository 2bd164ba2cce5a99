package model

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a key and shows it to nobody by accident: printed, logged or marshalled
// in any way, and as a field of anything that is, it is ***. The zero Secret is empty.
type Secret struct {
	text *string // fmt prints the text of a string in a field that is not exported, and the address of a pointer
}

const hidden = "***"

// NewSecret returns the Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the key.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no key.
func (s Secret) Empty() bool { return s.text == nil }

// Equal reports whether both hold the same key.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, hidden) }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
