package model

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzStreams: no bytes make a reader panic, succeed without a reason to have stopped,
// or read the same bytes differently because they came in other pieces.
func FuzzStreams(f *testing.F) {
	for _, seed := range []string{
		"{\"message\":{\"content\":\"<think>a</think>b\"}}\n{\"done\":true,\"done_reason\":\"stop\"}",
		"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\n\n",
		"\xEF\xBB\xBFdata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\r\rdata: {\"type\":\"message_stop\"}\r\r",
		": only a comment\n\n", "data:\n\n", "{\"error\":\"broken\"}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, read := range map[string]func(io.Reader, *answer) error{"ollama": readOllama, "openai": readOpenAI, "anthropic": readAnthropic} {
			var whole, pieces answer
			err := read(bytes.NewReader(text), &whole)
			again := read(iotest.OneByteReader(bytes.NewReader(text)), &pieces)
			if (err == nil) != (whole.stop != "") {
				t.Errorf("%s: stop %q and error %v", name, whole.stop, err)
			}
			if (err == nil) != (again == nil) || whole.text.String() != pieces.text.String() || whole.usage != pieces.usage {
				t.Errorf("%s: in pieces %q, %v; whole %q, %v", name, pieces.text.String(), again, whole.text.String(), err)
			}
		}
	})
}
