package patch

import "math/bits"

// profile is what can be compared of a line at little cost: how many of its bytes
// fall into each of 32 classes.
type profile struct {
	text  string
	class [32]uint8
}

func profileOf(line string) *profile {
	p := &profile{text: flatten(line)}
	for i := range len(p.text) {
		if c := &p.class[p.text[i]&31]; *c < 255 {
			*c++
		}
	}
	return p
}

const maxAlike = 1024 // bytes of a line that are compared

// alike returns how much two lines have in common: twice the length of their longest
// common subsequence by the sum of their lengths, in per cent. It is 0 where that is
// surely below least.
func alike(a, b *profile, least int) int {
	n, m := len(a.text), len(b.text)
	if n == 0 || m == 0 || n > maxAlike || m > maxAlike || 200*min(n, m) < least*(n+m) {
		return 0
	}
	common := 0
	for i := range a.class {
		common += int(min(a.class[i], b.class[i]))
	}
	if 200*common < least*(n+m) {
		return 0
	}
	return 200 * lcs(a.text, b.text) / (n + m)
}

// slip reports whether two lines differ in one word only, as where somebody mistyped it
// or took another one. All other words, and all that stands between them, must be equal.
func slip(a, b string) bool {
	differ := 0
	for len(a) > 0 || len(b) > 0 {
		n, m := wordLength(a), wordLength(b)
		if (n > 0) != (m > 0) {
			return false
		}
		if n > 0 {
			if a[:n] != b[:m] {
				differ++
			}
			a, b = a[n:], b[m:]
			continue
		}
		if len(a) == 0 || len(b) == 0 || a[0] != b[0] || differ > 1 {
			return false
		}
		a, b = a[1:], b[1:]
	}
	return differ == 1
}

// wordLength returns how many letters a text begins with.
func wordLength(s string) (n int) {
	for n < len(s) && (s[n] >= 0x80 || 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z') {
		n++
	}
	return n
}

// lcs returns the length of the longest common subsequence of two strings, 64 bytes
// of a at a step (Hyyrö 2004).
func lcs(a, b string) int {
	words := (len(a) + 63) / 64
	var masks [256][]uint64
	for i := range len(a) {
		if masks[a[i]] == nil {
			masks[a[i]] = make([]uint64, words)
		}
		masks[a[i]][i/64] |= 1 << (i % 64)
	}
	v := make([]uint64, words)
	for i := range v {
		v[i] = ^uint64(0)
	}
	for k := range len(b) {
		mask := masks[b[k]]
		if mask == nil {
			continue
		}
		carry := uint64(0)
		for i := range v {
			u := v[i] & mask[i]
			sum, c := bits.Add64(v[i], u, carry)
			v[i], carry = sum|(v[i]&^mask[i]), c
		}
	}
	length := 0
	for i := range v {
		w := ^v[i]
		if i == words-1 && len(a)%64 != 0 {
			w &= 1<<(len(a)%64) - 1
		}
		length += bits.OnesCount64(w)
	}
	return length
}
