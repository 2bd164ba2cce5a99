package brief

import "sync"

// A term is a word or a piece of an identifier, lower case and without its ending,
// kept as a 32-bit hash: two terms that share one are worth less than the strings
// would cost.
type term = uint32

// maxIdent is the longest run of letters that is taken for a word; longer ones are
// data.
const maxIdent = 80

// eachTerm calls use for every term of a text: each identifier as a whole, and its
// pieces when it has several (parseHTTPHeader, parse_http_header: parse, http, header).
func eachTerm(text string, use func(term)) {
	eachIdent(text, func(start, end int) { identTerms(text[start:end], use) })
}

// eachIdent calls use with the borders of each run of letters, digits, underscores
// and bytes above ASCII.
func eachIdent(text string, use func(start, end int)) {
	for i := 0; i < len(text); {
		if !wordByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		if n := i - start; n > 1 && n <= maxIdent {
			use(start, i)
		}
	}
}

func wordByte(b byte) bool { return letter(b) || digit(b) || b == '_' || b >= 0x80 }
func letter(b byte) bool   { return lower(b) || upper(b) }
func lower(b byte) bool    { return 'a' <= b && b <= 'z' }
func upper(b byte) bool    { return 'A' <= b && b <= 'Z' }
func digit(b byte) bool    { return '0' <= b && b <= '9' }

// identTerms calls use for the pieces of one identifier and, when there are several,
// for the whole without its underscores.
func identTerms(ident string, use func(term)) {
	pieces := 0
	eachPiece(ident, func(piece string) {
		if pieces++; len(piece) > 1 {
			if t := termOf(piece); t != 0 {
				use(t)
			}
		}
	})
	if pieces > 1 {
		if t := termOf(ident); t != 0 {
			use(t)
		}
	}
}

// eachPiece splits at underscores, before an upper case letter that follows a lower
// case one or a digit, and before the last of several that a lower case one follows.
func eachPiece(ident string, use func(string)) {
	start := 0
	for i := 1; i <= len(ident); i++ {
		if i < len(ident) && !splitsAt(ident, i) {
			continue
		}
		for start < i && ident[start] == '_' {
			start++
		}
		if start < i {
			use(ident[start:i])
		}
		start = i
	}
}

func splitsAt(s string, i int) bool {
	if s[i] == '_' {
		return true
	}
	if !upper(s[i]) {
		return false
	}
	return !upper(s[i-1]) || i+1 < len(s) && lower(s[i+1])
}

// termOf returns the hash of a word's stem, 0 for one without letters.
func termOf(word string) term {
	var buf [maxIdent]byte
	n, letters := 0, false
	for i := 0; i < len(word) && n < len(buf); i++ {
		c := word[i]
		if c == '_' {
			continue
		}
		if upper(c) {
			c += 'a' - 'A'
		}
		letters = letters || lower(c) || c >= 0x80
		buf[n] = c
		n++
	}
	if !letters {
		return 0
	}
	h := term(2166136261) // FNV-1a
	for _, c := range stem(buf[:n]) {
		h = (h ^ term(c)) * 16777619
	}
	return h
}

// stem takes the commonest English endings off a lower case word, so that "parses",
// "parsed", "parsing" and "parser" meet. It is wrong about some words and wrong the
// same way on both sides.
func stem(w []byte) []byte {
	if len(w) > 4 && ends(w, "ies") {
		w = append(w[:len(w)-3], 'y')
	} else if len(w) > 3 && ends(w, "s") && !ends(w, "ss") && !ends(w, "us") && !ends(w, "is") {
		w = w[:len(w)-1]
	}
	for _, end := range [...]string{"ing", "ed", "er", "or"} {
		if len(w) >= len(end)+3 && ends(w, end) {
			w = w[:len(w)-len(end)]
			if n := len(w); n > 3 && w[n-1] == w[n-2] && w[n-1] != 's' && w[n-1] != 'l' {
				w = w[:n-1]
			}
			break
		}
	}
	if len(w) > 3 && ends(w, "e") {
		w = w[:len(w)-1]
	}
	return w
}

func ends(w []byte, end string) bool { return string(w[len(w)-len(end):]) == end }

// common are words that say nothing of which file is meant: English ones, and what
// commit messages begin with.
var common = sync.OnceValue(func() map[term]bool {
	const words = `a an and are as at be been but by can could did do does for from had has have he her his how i if in
into is it its just let like may me might more most must my no nor not now of off on one only or our out over own per
please she should since so some such than that the their them then there these they this those through to too under
up upon us use used uses using very via want was we were what when where whether which while who why will with would
yet you your also any because before after being both each few other same again all about above below between during
fix fixes fixed add adds added make makes made change changes changed update updates updated remove removes removed
improve improves improved feat chore refactor style merge pull request issue pr bug bugs closes close closed resolve
resolves see new way get need needs instead still now ensure allow allows support supports handle simplify cleanup
signed off reviewed co authored noreply github com https http www org user users commit file files code`
	set := map[term]bool{}
	for start, i := 0, 0; i <= len(words); i++ {
		if i == len(words) || words[i] == ' ' || words[i] == '\n' {
			if i > start {
				set[termOf(words[start:i])] = true
			}
			start = i + 1
		}
	}
	return set
})
