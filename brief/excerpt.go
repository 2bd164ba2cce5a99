package brief

import (
	"cmp"
	"slices"
	"strings"
)

// A file that is too large is shown in parts: its head, and the blocks (a definition
// up to the next one) that the words are about.
const (
	headLines  = 12
	blockLines = 80 // a longer block is several
	around     = 12 // lines before and after one that a stack trace states
)

// parts shows as much of a file as the share has room for; without room for anything
// useful the File is empty, and its Tokens are more than the room.
func (p *plan) parts(f *file, text, why string, share int) File {
	none := File{Path: f.path, Tokens: p.room + 1}
	if share < leastParts {
		return none
	}
	lines := slices.Collect(strings.Lines(text))
	blocks := p.blocks(f, lines)
	if some := p.some(f, lines, why, share, len(blocks), func(n int) []span { return merged(blocks[:n]) }); some.section != "" {
		return some
	}
	return none
}

// blocks returns the spans of a file, the ones the request is most about first.
func (p *plan) blocks(f *file, lines []string) []span {
	type block struct {
		span
		score float64
	}
	var list []block
	if m := p.query.mentions[f.path]; m != nil {
		for i, line := range m.lines {
			if line <= len(lines) {
				list = append(list, block{span{max(0, line-1-around), min(len(lines), line+around)}, 1000 - float64(i)})
			}
		}
	}
	list = append(list, block{span{0, min(headLines, len(lines))}, 100})
	weights := p.weigh()
	for _, s := range splitBlocks(f.doc, len(lines)) {
		seen, score := map[term]bool{}, 0.0
		for i, line := range lines[s.from:s.to] {
			eachTerm(line, func(t term) {
				if w := weights[t]; w > 0 && !seen[t] {
					seen[t] = true
					score += w
					if i == 0 {
						score += w // in the definition's own line
					}
				}
			})
		}
		list = append(list, block{s, score})
	}
	slices.SortStableFunc(list, func(a, b block) int { return descending(a.score, b.score) })
	spans := make([]span, len(list))
	for i, b := range list {
		spans[i] = b.span
	}
	return spans
}

// splitBlocks cuts a file at its definitions, and long stretches into pieces.
func splitBlocks(d *doc, lines int) (blocks []span) {
	starts := []int{0}
	if d != nil {
		for _, def := range d.defs {
			if def.Line-1 > starts[len(starts)-1] && def.Line <= lines {
				starts = append(starts, def.Line-1)
			}
		}
	}
	for i, from := range starts {
		to := lines
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		for from < to {
			end := min(from+blockLines, to)
			blocks = append(blocks, span{from, end})
			from = end
		}
	}
	return blocks
}

// merged orders spans and joins those that touch, or have only a few lines between.
func merged(spans []span) (list []span) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, s := range spans {
		if n := len(list); n > 0 && s.from <= list[n-1].to+3 {
			list[n-1].to = max(list[n-1].to, s.to)
			continue
		}
		list = append(list, s)
	}
	return list
}
