package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parseDecimal reads a number that is not negative, as a multiple of 10^-places:
// "0.5" with 6 places is 500000. It reports whether text is such a number, with no
// more places than there are.
func parseDecimal(text string, places int) (int64, bool) {
	whole, part, dot := strings.Cut(text, ".")
	part = strings.TrimRight(part, "0")
	if whole == "" || strings.Trim(whole+part, "0123456789") != "" || len(part) > places || dot && strings.HasSuffix(text, ".") {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	return n, err == nil
}

// microPlaces are the places behind the point of a dollar that count.
const microPlaces = 6

// ParseMoney reads US dollars, "0.50" or "$0.50", as millionths of one.
func ParseMoney(text string) (int64, error) {
	n, ok := parseDecimal(strings.TrimPrefix(text, "$"), microPlaces)
	if !ok {
		return 0, fmt.Errorf("%q is no amount of US dollars; write 0.50", text)
	}
	return n, nil
}

// formatMoney writes at least two places behind the point: 1.00, 0.125.
func formatMoney(n int64) string {
	whole, part := n/1e6, fmt.Sprintf("%06d", n%1e6)
	for len(part) > 2 && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	return strconv.FormatInt(whole, 10) + "." + part
}

// ParseTokens reads a number of tokens. k and M are 1000 and 1000000, as in the
// price lists of providers.
func ParseTokens(text string) (int64, error) {
	number, places := text, 0
	if before, ok := strings.CutSuffix(strings.ToLower(text), "k"); ok {
		number, places = before, 3
	} else if before, ok := strings.CutSuffix(text, "M"); ok {
		number, places = before, 6
	}
	n, ok := parseDecimal(number, places)
	if !ok || n == math.MaxInt64 || places == 0 && strings.Contains(number, ".") {
		return 0, fmt.Errorf("%q is no number of tokens; write 8192, 200k or 1M", text)
	}
	return n, nil
}

func formatTokens(n int64) string {
	switch {
	case n > 0 && n%1e6 == 0:
		return strconv.FormatInt(n/1e6, 10) + "M"
	case n > 0 && n%1e3 == 0:
		return strconv.FormatInt(n/1e3, 10) + "k"
	}
	return strconv.FormatInt(n, 10)
}

// splitLine cuts a command line into its words: at blanks, where no quotes are. There
// is no other escape, so that a path of Windows is one word as it is.
func splitLine(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, any := rune(0), false
	for _, r := range text {
		switch {
		case open != 0 && r == open:
			open = 0
		case open == 0 && (r == '"' || r == '\''):
			open, any = r, true
		case open == 0 && (r == ' ' || r == '\t'):
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if open != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", open)
	}
	if any {
		words = append(words, word.String())
	}
	return words, nil
}

// joinLine is the inverse of splitLine.
func joinLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		switch {
		case w != "" && !strings.ContainsAny(w, " \t\"'"):
			quoted[i] = w
		case !strings.Contains(w, `"`):
			quoted[i] = `"` + w + `"`
		default:
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'"'"'`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
