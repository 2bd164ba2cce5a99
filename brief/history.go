package brief

import (
	"cmp"
	"math"
	"slices"
)

// history is what earlier commits say about the files that are there now.
type history struct {
	changes []change
	touched [][]int32 // by file: the changes that touched it, newest first
	prior   []float64 // by file: how often and how lately it changed, at most 1
}

type change struct {
	files []int32
	terms []term // of the subject, without repeats
}

// Bounds of the history.
const (
	maxChanges  = 5_000
	wideChange  = 40 // a change of more files than this says nothing of what belongs together
	voters      = 40 // changes that vote
	priorHalves = 150.0
)

// readHistory takes in the changes, as far as they touched files of the tree.
func readHistory(list []Change, index map[string]int32, files int) *history {
	h := &history{touched: make([][]int32, files), prior: make([]float64, files)}
	list = list[:min(len(list), maxChanges)]
	for i, c := range list {
		var ch change
		for _, p := range c.Paths {
			if f, ok := index[p]; ok {
				ch.files = append(ch.files, f)
			}
		}
		if len(ch.files) == 0 || len(c.Paths) > wideChange {
			continue
		}
		eachTerm(c.Subject, func(t term) {
			if !common()[t] && !slices.Contains(ch.terms, t) && len(ch.terms) < 40 {
				ch.terms = append(ch.terms, t)
			}
		})
		n := int32(len(h.changes))
		h.changes = append(h.changes, ch)
		for _, f := range ch.files {
			h.touched[f] = append(h.touched[f], n)
			h.prior[f] += math.Exp2(-float64(i)/priorHalves) / math.Sqrt(float64(len(c.Paths)))
		}
	}
	top := 0.0
	for f, p := range h.prior {
		h.prior[f] = math.Log1p(p)
		top = max(top, h.prior[f])
	}
	for f := range h.prior {
		h.prior[f] /= max(top, 1e-9)
	}
	return h
}

// votes lets the changes whose subjects share words with the request vote for their
// files. The result is by file, and 1 at most: a file that a subject of the very same
// words touched alone.
func (h *history) votes(terms []asked) []float64 {
	votes := make([]float64, len(h.touched))
	df := map[term]int{}
	for _, c := range h.changes {
		for _, t := range c.terms {
			df[t]++
		}
	}
	idf := func(t term) float64 { return math.Log(1 + float64(len(h.changes))/float64(df[t]+1)) }
	weight, norm := map[term]float64{}, 0.0
	for _, a := range terms {
		w := a.weight * idf(a.term)
		weight[a.term] = w
		norm += w * w
	}
	type ballot struct {
		change int
		sim    float64
	}
	var ballots []ballot
	for i, c := range h.changes {
		dot, own := 0.0, 0.0
		for _, t := range c.terms {
			w := idf(t)
			dot += w * weight[t]
			own += w * w
		}
		if dot > 0 {
			sim := dot / math.Sqrt(norm*own)
			ballots = append(ballots, ballot{i, sim})
		}
	}
	slices.SortFunc(ballots, func(a, b ballot) int {
		return cmp.Or(descending(a.sim, b.sim), cmp.Compare(a.change, b.change))
	})
	for _, b := range ballots[:min(len(ballots), voters)] {
		files := h.changes[b.change].files
		for _, f := range files {
			votes[f] += b.sim * b.sim / math.Sqrt(float64(len(files)))
		}
	}
	for f, v := range votes {
		votes[f] = 1 - math.Exp(-2*v)
	}
	return votes
}

// seed is a file that others may belong to, and how sure it is.
type seed struct {
	file   int32
	weight float64
}

// together returns, by file, how likely it changes with the seeds, and which of them
// says so most.
func (h *history) together(seeds []seed) (likely []float64, with []int32) {
	likely, with = make([]float64, len(h.touched)), make([]int32, len(h.touched))
	best := make([]float64, len(h.touched))
	for _, s := range seeds {
		shared := map[int32]float64{}
		total := 2.0
		for n, c := range h.touched[s.file] {
			w := math.Exp2(-float64(n) / 40)
			total += w
			for _, f := range h.changes[c].files {
				if f != s.file {
					shared[f] += w
				}
			}
		}
		for f, n := range shared {
			p := s.weight * n / total
			likely[f] = 1 - (1-likely[f])*(1-min(p, 0.99))
			if p > best[f] {
				best[f], with[f] = p, s.file
			}
		}
	}
	return likely, with
}
