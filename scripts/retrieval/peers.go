package main

import (
	"bytes"
	"cmp"
	"io/fs"
	"math"
	"slices"
	"strings"
	"unicode"
)

// index is what the two plain methods need of a tree. Blobs are read once.
type index struct {
	blobs map[string]*blob
	now   []entry
}

type blob struct {
	counts map[string]int
	length int
	bytes  int
}

type entry struct {
	path string
	blob *blob
}

func newIndex() *index { return &index{blobs: map[string]*blob{}} }

// load makes the index that of a tree: its files that are text.
func (x *index) load(tree fs.FS) error {
	x.now = x.now[:0]
	return files(tree, func(path, id string) error {
		b, known := x.blobs[id]
		if !known {
			data, err := fs.ReadFile(tree, path)
			if err != nil {
				return err
			}
			if b = (&blob{counts: map[string]int{}, bytes: len(data)}); len(data) < 1<<20 && !bytes.Contains(data[:min(len(data), 8000)], []byte{0}) {
				for _, w := range tokens(string(data)) {
					b.counts[w]++
					b.length++
				}
			}
			x.blobs[id] = b
		}
		if b.length > 0 {
			x.now = append(x.now, entry{path, b})
		}
		return nil
	})
}

// tokens is the usual way to take a text apart: runs of letters and digits, lower case.
func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func (x *index) total() (tokens float64) {
	for _, e := range x.now {
		tokens += float64(e.blob.bytes) / 3
	}
	return max(tokens, 1)
}

// rank orders the files by BM25 of their content (k1 1.2, b 0.75), or by how many of
// the words are in their path. Files with no word in them are not ranked.
func (x *index) rank(method, message string) []string {
	asked := tokens(message)
	slices.Sort(asked)
	asked = slices.Compact(asked)
	score := make([]float64, len(x.now))
	avg := 0.0
	for _, e := range x.now {
		avg += float64(e.blob.length) / float64(len(x.now))
	}
	for _, w := range asked {
		df := 0.0
		for _, e := range x.now {
			if e.blob.counts[w] > 0 {
				df++
			}
		}
		idf := math.Log(1 + (float64(len(x.now))-df+0.5)/(df+0.5))
		for i, e := range x.now {
			if tf := float64(e.blob.counts[w]); method == "bm25" && tf > 0 {
				score[i] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*float64(e.blob.length)/avg))
			}
		}
	}
	if method == "paths" {
		for i, e := range x.now {
			pieces := tokens(e.path)
			for _, w := range asked {
				if slices.Contains(pieces, w) {
					score[i]++
				}
			}
		}
	}
	var order []int
	for i, s := range score {
		if s > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	ranking := make([]string, len(order))
	for i, o := range order {
		ranking[i] = x.now[o].path
	}
	return ranking
}

// fill takes whole files by rank, the ones that fit, and returns their tokens.
func (x *index) fill(ranking []string, budget int) (shown []string, tokens float64) {
	size := map[string]float64{}
	for _, e := range x.now {
		size[e.path] = float64(e.blob.bytes) / 3
	}
	for _, p := range ranking {
		if tokens+size[p] <= float64(budget) {
			tokens += size[p]
			shown = append(shown, p)
		}
	}
	return shown, tokens
}
