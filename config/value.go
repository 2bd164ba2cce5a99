package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Unit is the form of a setting's value.
type Unit string

const (
	Count Unit = "number"   // 4
	Time  Unit = "duration" // 90s, 10m, 1h30m, 30d, 2w
	Bytes Unit = "size"     // 4096, 64KiB, 512MB, 2GiB
	Names Unit = "list"     // a,b,c
	Text  Unit = "text"
	Level Unit = "level" // debug, info, warn, error

	Tokens Unit = "number of tokens" // 8192, 200k, 1M
	Money  Unit = "amount"           // US dollars: 0.50, $0.50
	Word   Unit = "word"             // one of a few
	Line   Unit = "command line"     // aider --message {prompt}; a list in the file
)

// assign reads texts as the key's value and stores it in c. Only a list has other
// than one text. The error says what is wrong with the value, not which key it is.
func (k Key) assign(c *Config, texts []string) error {
	if !k.list() && len(texts) != 1 {
		return fmt.Errorf("one %s is needed, not a list", k.Unit)
	}
	for _, t := range texts {
		if strings.ContainsFunc(t, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%q holds a control character", mask(t))
		}
		if k.check == nil {
			continue
		}
		if err := k.check(t); err != nil {
			return err
		}
	}
	field, keep := k.pointer(c)
	if err := k.store(field, texts); err != nil {
		return err
	}
	keep()
	return nil
}

// list reports whether the value has several texts.
func (k Key) list() bool { return k.Unit == Names || k.Unit == Line }

func (k Key) store(field any, texts []string) error {
	if list, ok := field.(*[]string); ok {
		if k.Unit == Line && len(texts) == 0 {
			return errors.New("no program is named")
		}
		for i, t := range texts {
			if t == "" && (k.Unit != Line || i == 0) { // a program may be given an empty argument
				return fmt.Errorf("an entry of the list is empty")
			}
		}
		*list = texts
		return nil
	}
	if k.Unit == Word && !slices.Contains(k.words, texts[0]) {
		last := len(k.words) - 1
		return fmt.Errorf("%q is not possible; write %s or %s", mask(texts[0]), strings.Join(k.words[:last], ", "), k.words[last])
	}
	if text, ok := field.(*string); ok {
		*text = texts[0]
		return nil
	}
	if level, ok := field.(*slog.Level); ok {
		return parseLevel(level, texts[0])
	}
	n, err := k.number(texts[0])
	if err != nil {
		return err
	}
	switch f := field.(type) {
	case *int:
		*f = int(n)
	case *int64:
		*f = n
	case *time.Duration:
		*f = time.Duration(n)
	case *agent.Duration:
		*f = agent.Duration(n)
	}
	return nil
}

// number reads a count, a duration in nanoseconds or a size in bytes, within bounds.
func (k Key) number(text string) (n int64, err error) {
	switch {
	case text == "auto" && k.Default == "auto":
		return 0, nil
	case k.Unit == Time:
		var d time.Duration
		d, err = parseDuration(text)
		n = int64(d)
	case k.Unit == Bytes:
		n, err = parseBytes(text)
	case k.Unit == Money:
		n, err = ParseMoney(text)
	case k.Unit == Tokens:
		n, err = ParseTokens(text)
	default:
		if n, err = strconv.ParseInt(text, 10, 64); err != nil {
			err = fmt.Errorf("%q is no number", text)
		}
	}
	if err != nil {
		return 0, err
	}
	if n < k.min || n > k.max {
		return 0, fmt.Errorf("%s is out of bounds; %s to %s is possible", text, k.show(k.min), k.show(k.max))
	}
	return n, nil
}

// format is the inverse of assign, for lists joined with commas.
func (k Key) format(field any) string {
	switch f := field.(type) {
	case *[]string:
		if k.Unit == Line {
			return joinLine(*f)
		}
		return strings.Join(*f, ",")
	case *string:
		return *f
	case *slog.Level:
		return strings.ToLower(f.String())
	case *int:
		return k.show(int64(*f))
	case *int64:
		return k.show(*f)
	case *time.Duration:
		return k.show(int64(*f))
	case *agent.Duration:
		return k.show(int64(*f))
	}
	return ""
}

func (k Key) show(n int64) string {
	if n == 0 && k.Default == "auto" {
		return "auto"
	}
	switch k.Unit {
	case Time:
		return formatDuration(time.Duration(n))
	case Bytes:
		return formatBytes(n)
	case Money:
		return formatMoney(n)
	case Tokens:
		return formatTokens(n)
	}
	return strconv.FormatInt(n, 10)
}

func parseLevel(level *slog.Level, text string) error {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(l.String(), text) {
			*level = l
			return nil
		}
	}
	return fmt.Errorf("%q is no level; debug, info, warn or error is possible", text)
}

// parseDuration reads what time.ParseDuration reads, and days and weeks before it:
// 30d, 2w, 1d12h. A week has 7 days, a day 24 hours.
func parseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration; write 90s, 10m, 2h or 30d", text)
	var sum time.Duration
	rest := text
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		number, after, ok := strings.Cut(rest, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || int64(n) > (math.MaxInt64-int64(sum))/int64(unit.length) {
			return 0, bad
		}
		sum += time.Duration(n) * unit.length
		rest = after
	}
	if rest == "" && text != "" {
		return sum, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || sum > math.MaxInt64-d {
		return 0, bad
	}
	return sum + d, nil
}

// formatDuration writes whole days as 30d and leaves out what is zero: 10m, 1h30m.
func formatDuration(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	if d == 0 {
		return "0"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sizes are the units of parseBytes; the binary ones are also those of formatBytes.
func sizes() []struct {
	unit string
	n    int64
} {
	return []struct {
		unit string
		n    int64
	}{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", mib}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1},
	}
}

func parseBytes(text string) (int64, error) {
	bad := fmt.Errorf("%q is no size; write 4096, 64KiB, 512MB or 2GiB", text)
	number, factor := text, int64(1)
	for _, s := range sizes() {
		if before, ok := strings.CutSuffix(text, s.unit); ok {
			number, factor = strings.TrimSpace(before), s.n
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return 0, bad
	}
	return n * factor, nil
}

func formatBytes(n int64) string {
	for _, s := range sizes()[:4] {
		if n >= s.n && n%s.n == 0 {
			return strconv.FormatInt(n/s.n, 10) + s.unit
		}
	}
	return strconv.FormatInt(n, 10)
}
