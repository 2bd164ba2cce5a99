package brief

import (
	"cmp"
	"context"
	"math"
	"path"
	"slices"
	"strings"
)

// ranker is a request with what was found out about its tree.
type ranker struct {
	req     Request
	tree    *tree
	query   query
	index   map[string]int32 // of tree.files, by path
	history *history
	count   func(string) int

	// Worked out on first use: several steps of a brief ask.
	list    []Ranked         // what rank returns
	weights map[term]float64 // what weigh returns
	paths   *pathIndex       // what onPaths returns
}

// Weights of what speaks for a file. They are first guesses that held up on the histories
// of nine repositories, none of which was used to choose them; see scripts/retrieval.
const (
	bodyWeight = 1.0 // a use, in the score of the words
	defWeight  = 2.0 // a definition
	pathWeight = 3.0 // the file's own name; a directory has half of it

	wordsWeight   = 1.0
	votesWeight   = 0.6
	changedWeight = 0.5
	priorWeight   = 0.25
	namedWeight   = 1.0
	pairWeight    = 0.15
	lowFactor     = 0.25

	seeds = 8
)

// look reads what ranking needs: the tree's list, the words, the history, and the
// files' contents.
func look(ctx context.Context, req Request) (*ranker, error) {
	t, err := newTree(ctx, req)
	if err != nil {
		return nil, err
	}
	r := &ranker{req: req, tree: t, count: req.Count, index: make(map[string]int32, len(t.files))}
	if r.count == nil {
		r.count = estimate
	}
	for i, f := range t.files {
		r.index[f.path] = int32(i)
	}
	r.query = readWords(req.Words, t)
	r.history = readHistory(req.History, r.index, len(t.files))
	if err := t.learnAll(ctx, r.candidates()); err != nil {
		return nil, err
	}
	for _, f := range t.files {
		if f.doc != nil && f.doc.reason != "" {
			t.hide(f.path, f.doc.reason)
		}
	}
	return r, nil
}

// candidates are the files whose content is looked at: all of them, in a tree of at
// most maxRead; else those that their paths and their history speak for most.
func (r *ranker) candidates() []*file {
	files := make([]*file, 0, len(r.tree.files))
	for _, f := range r.tree.files {
		if r.tree.hidden[f.path] == "" {
			files = append(files, f)
		}
	}
	if len(files) <= maxRead {
		return files
	}
	votes, paths := r.history.votes(r.query.terms), r.onPaths()
	score := make([]float64, len(r.tree.files))
	for i, f := range r.tree.files {
		score[i] = votes[i] + r.history.prior[i]
		if r.query.mentions[f.path] != nil {
			score[i] += 10
		}
		if f.low {
			score[i] -= 5
		}
	}
	for _, a := range r.query.terms {
		hits := paths.files[a.term]
		for _, h := range hits {
			score[h.file] += a.weight * float64(h.weight) * math.Log(1+float64(len(files))/float64(len(hits)+1)) / 10
		}
	}
	slices.SortStableFunc(files, func(a, b *file) int { return descending(score[r.index[a.path]], score[r.index[b.path]]) })
	return files[:maxRead]
}

// pathIndex finds files by the terms of their paths.
type pathIndex struct {
	files map[term][]pathHit
}

type pathHit struct {
	file   int32
	weight float32
}

func (r *ranker) onPaths() *pathIndex {
	if r.paths == nil {
		r.paths = newPathIndex(r.tree.files)
	}
	return r.paths
}

func newPathIndex(files []*file) *pathIndex {
	x := &pathIndex{make(map[term][]pathHit)}
	for i, f := range files {
		dir, base := path.Split(f.path)
		add := func(weight float32) func(term) {
			return func(t term) {
				hits := x.files[t]
				if n := len(hits); n > 0 && hits[n-1].file == int32(i) {
					hits[n-1].weight = max(hits[n-1].weight, weight)
					return
				}
				x.files[t] = append(hits, pathHit{int32(i), weight})
			}
		}
		eachTerm(dir, add(0.5))
		eachTerm(strings.TrimSuffix(base, path.Ext(base)), add(1))
		if dot := strings.IndexByte(base, '.'); dot >= 0 {
			eachTerm(base[dot:], add(0.3))
		}
	}
	return x
}

// saturation and lengths as BM25 has them.
const (
	satK  = 1.2
	bodyB = 0.75
	defB  = 0.5
)

// words scores each file by the terms in its path, its definitions and its body:
// BM25 with fields. It also says which terms did most.
func (r *ranker) words() (score []float64, why [][]string) {
	files := r.tree.files
	score, why = make([]float64, len(files)), make([][]string, len(files))
	best := make([][3]float64, len(files))
	names := make([][3]string, len(files))
	paths := r.onPaths()
	avgBody, avgDef, n := r.averages()
	total := 0.0
	for _, a := range r.query.terms {
		onPath := make(map[int32]float64, 16)
		for _, h := range paths.files[a.term] {
			onPath[h.file] = float64(h.weight)
		}
		hits := map[int32]float64{}
		for i, f := range files {
			tf := pathWeight * onPath[int32(i)]
			if d := f.doc; d != nil && d.reason == "" {
				if c, ok := d.find(a.term); ok {
					tf += bodyWeight*float64(c.body)/(1-bodyB+bodyB*float64(d.length)/avgBody) +
						defWeight*float64(c.def)/(1-defB+defB*float64(d.defLength)/avgDef)
				}
			}
			if tf > 0 {
				hits[int32(i)] = tf
			}
		}
		idf := math.Log(1 + (n-float64(len(hits))+0.5)/(float64(len(hits))+0.5))
		total += a.weight * idf
		for i, tf := range hits {
			s := a.weight * idf * tf / (satK + tf)
			score[i] += s
			for k := range best[i] {
				if s > best[i][k] {
					copy(best[i][k+1:], best[i][k:])
					copy(names[i][k+1:], names[i][k:])
					best[i][k], names[i][k] = s, a.text
					break
				}
			}
		}
	}
	top := 0.0
	for _, s := range score {
		top = max(top, s)
	}
	for i := range score {
		score[i] /= max(top, 0.25*total, 1e-9)
		for k, b := range best[i] {
			if b > 0 {
				why[i] = append(why[i], names[i][k])
			}
		}
	}
	return score, why
}

// weigh returns how much each term of the words says: its weight, and how rare it is.
func (r *ranker) weigh() map[term]float64 {
	if r.weights == nil {
		r.weights = map[term]float64{}
		for _, a := range r.query.terms {
			r.weights[a.term] = a.weight * r.rarity(a.term)
		}
	}
	return r.weights
}

// rarity is the inverse document frequency of a term.
func (r *ranker) rarity(t term) float64 {
	n, with := 1.0, 0.0
	for _, f := range r.tree.files {
		if f.doc != nil && f.doc.reason == "" {
			n++
			if _, ok := f.doc.find(t); ok {
				with++
			}
		}
	}
	return math.Log(1 + (n-with+0.5)/(with+0.5))
}

// averages returns the mean lengths of bodies and definitions, and the number of files.
func (r *ranker) averages() (body, def, n float64) {
	for _, f := range r.tree.files {
		if f.doc != nil && f.doc.reason == "" {
			body += float64(f.doc.length)
			def += float64(f.doc.defLength)
			n++
		}
	}
	return max(body/max(n, 1), 1), max(def/max(n, 1), 1), max(n, 1)
}

// rank puts all that speaks for a file together, once.
func (r *ranker) rank() []Ranked {
	if r.list == nil {
		r.list = r.ranking()
	}
	return r.list
}

func (r *ranker) ranking() []Ranked {
	files := r.tree.files
	score, matched := r.words()
	votes := r.history.votes(r.query.terms)
	reasons := make([][3]float64, len(files)) // named, words, history
	for i, f := range files {
		words := wordsWeight * score[i]
		named := 0.0
		if m := r.query.mentions[f.path]; m != nil {
			named = namedWeight * m.weight
		}
		reasons[i] = [3]float64{named, words, votesWeight * votes[i]}
		score[i] = named + words + votesWeight*votes[i]
		if f.low && named == 0 {
			score[i] *= lowFactor
		}
	}
	first := r.topSeeds(score)
	likely, with := r.history.together(first)
	pairs := r.pairs(first)
	list := make([]Ranked, 0, len(files))
	for i, f := range files {
		if r.tree.hidden[f.path] != "" {
			continue
		}
		changed := changedWeight * likely[i]
		extra := changed + priorWeight*r.history.prior[i] + pairWeight*pairs[i]
		if f.low || f.doc != nil && f.doc.generated {
			extra *= lowFactor
		}
		why := reason(reasons[i], changed, matched[i], files[with[i]].path)
		list = append(list, Ranked{f.path, score[i] + extra, why})
	}
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(descending(a.Score, b.Score), strings.Compare(a.Path, b.Path))
	})
	return list
}

// reason says in a few words what spoke most for a file.
func reason(own [3]float64, changed float64, matched []string, with string) string {
	named, words, votes := own[0], own[1], own[2]
	switch {
	case named > 0:
		return "mentioned"
	case changed > words && changed > votes:
		return "changed with " + with
	case votes > words:
		return "changed by commits with such words"
	case len(matched) > 0:
		return "words: " + strings.Join(matched, ", ")
	}
	return "changes often"
}

// topSeeds are the files that score highest before others are asked about them.
func (r *ranker) topSeeds(score []float64) []seed {
	var list []seed
	for i, s := range score {
		if s > 0 && r.tree.hidden[r.tree.files[i].path] == "" {
			list = append(list, seed{int32(i), s})
		}
	}
	slices.SortFunc(list, func(a, b seed) int { return cmp.Or(descending(a.weight, b.weight), cmp.Compare(a.file, b.file)) })
	list = list[:min(len(list), seeds)]
	if len(list) > 0 {
		top := list[0].weight
		for i := range list {
			list[i].weight = list[i].weight / top * min(top, 1)
		}
	}
	return list
}

// pairs returns, by file, how much it is the test of a seed, or what a seed tests.
func (r *ranker) pairs(first []seed) []float64 {
	pair := make([]float64, len(r.tree.files))
	sources, tests := map[string]float64{}, map[string]float64{}
	for _, s := range first {
		name := r.tree.files[s.file].path
		if of, ok := isTest(name); ok {
			tests[of] = max(tests[of], s.weight)
		} else {
			base := path.Base(name)
			base = strings.TrimSuffix(base, path.Ext(base))
			sources[base] = max(sources[base], s.weight)
		}
	}
	for i, f := range r.tree.files {
		if of, ok := isTest(f.path); ok {
			pair[i] = sources[of]
		} else {
			base := path.Base(f.path)
			pair[i] = tests[strings.TrimSuffix(base, path.Ext(base))]
		}
	}
	return pair
}
