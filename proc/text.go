package proc

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// styling matches the sequences by which programs colour a terminal and move about on
// it. It is made on first use: every command would pay for it.
var styling = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])`)
})

// Plain returns what a command printed as valid UTF-8, without colours.
func Plain(text string) string {
	return styling().ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
}

// LastLine returns the last line of what a command printed that is not blank, without
// colours. A line that was overwritten in place (\r) is what it was last.
func LastLine(text string) string {
	text = strings.TrimRightFunc(Plain(text), blank)
	return text[strings.LastIndexAny(text, "\r\n")+1:]
}

// OneLine makes one printable line of what a command printed, cut to limit bytes.
func OneLine(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(Plain(text), blank), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
