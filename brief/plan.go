package brief

import (
	"cmp"
	"slices"
	"strings"
)

// plan fills a brief. What has the first claim on the budget is chosen first; where it
// stands in the text is another matter (text.go).
type plan struct {
	*ranker
	brief *Brief
	room  int             // tokens not yet used
	shown map[string]bool // by path
	blobs map[string]bool // guidance shown, by blob id: CLAUDE.md is often AGENTS.md again
}

// Shares of the budget, and bounds. Guidance and map have theirs of the whole budget,
// not of what the named files leave, so that they are the same for every request.
const (
	guidanceShare = 6 // a sixth
	mapShare      = 8
	maxMap        = 6_000 // tokens
	diffShare     = 3     // of what is left then
	fileShare     = 4     // of what is left: a larger file is shown in parts
	smallFile     = 1_500 // tokens that are never too large for a share
	maxShown      = 40    // ranked files
	leastParts    = 200   // tokens; with less room parts show nothing
	tailScore     = 0.10  // of the best score; what is below has little to do with it
	keptBack      = 8     // tokens for what adding texts up may miss
	noLimit       = 64 << 20
)

func newPlan(r *ranker) *plan {
	p := &plan{ranker: r, brief: &Brief{budget: r.req.Budget}, shown: map[string]bool{}, blobs: map[string]bool{}}
	p.room = r.req.Budget - r.count(preface+titleMap+titleFiles+titleDiff) - keptBack
	p.brief.Left = append(p.brief.Left, r.tree.left...)
	return p
}

// left notes that something is not shown.
func (p *plan) left(path string, why Reason) {
	if !slices.Contains(p.brief.Left, Left{path, why}) {
		p.brief.Left = append(p.brief.Left, Left{path, why})
	}
}

// add puts a file in, if there is room.
func (p *plan) add(f File) bool {
	if f.Tokens > p.room || p.shown[f.Path] {
		return false
	}
	p.room -= f.Tokens
	p.shown[f.Path] = true
	p.brief.Files = append(p.brief.Files, f)
	return true
}

// whole makes the section of a whole file.
func (p *plan) whole(f *file, text, why string) File {
	section := fileSection(f, text)
	return File{Path: f.path, ID: f.id, Whole: true, Why: why, section: section, Tokens: p.count(section)}
}

// named puts in the files that were named, whole; they are the reason for the brief,
// so that without room for them there is none. What lies in a named directory is put in by
// size while there is room.
func (p *plan) named() error {
	var files []File
	var below []*file
	need := 0
	for _, name := range p.req.Paths {
		name = strings.Trim(strings.TrimPrefix(name, "./"), "/")
		f := p.tree.byPath[name]
		if f == nil {
			inside := p.below(name)
			if why := p.tree.hidden[name]; why != "" {
				p.left(name, why)
			} else if len(inside) == 0 {
				p.left(name, Missing)
			}
			below = append(below, inside...)
			continue
		}
		text, why, err := p.namedText(f)
		if err != nil {
			return err
		}
		if why != "" {
			p.left(name, why)
			continue
		}
		if p.shown[f.path] {
			continue
		}
		p.shown[f.path] = true
		p.unleft(f.path)
		file := p.whole(f, text, "named")
		files = append(files, file)
		need += file.Tokens
	}
	if need > p.room {
		slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(b.Tokens, a.Tokens) })
		return &TooSmall{Budget: max(p.room, 0), Need: need, Files: files}
	}
	p.room -= need
	p.brief.Files = append(p.brief.Files, files...)
	return p.namedBelow(below)
}

// below returns the files of a directory; "" and "." are the root.
func (p *plan) below(dir string) (files []*file) {
	for _, f := range p.tree.files {
		if dir == "" || dir == "." || strings.HasPrefix(f.path, dir+"/") {
			files = append(files, f)
		}
	}
	return files
}

// namedBelow puts in the files of named directories, the ones that rank highest first,
// as far as three quarters of the room reach.
func (p *plan) namedBelow(files []*file) error {
	if len(files) == 0 {
		return nil
	}
	inside := map[string]bool{}
	for _, f := range files {
		inside[f.path] = true
	}
	floor := p.room / 4
	for _, r := range p.rank() {
		if !inside[r.Path] || p.shown[r.Path] {
			continue
		}
		f := p.tree.byPath[r.Path]
		text, ok, err := p.readable(f)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if file := p.whole(f, text, "in a named directory"); p.room-file.Tokens < floor || !p.add(file) {
			p.left(f.path, NoRoom)
		}
	}
	return nil
}

// readable reads a file that nobody named. One that is not shown is noted.
func (p *plan) readable(f *file) (text string, ok bool, err error) {
	text, why, err := p.tree.read(f, maxContent)
	if err != nil {
		return "", false, err
	}
	if why == "" {
		why = refused(text)
	}
	if why != "" {
		p.left(f.path, why)
	}
	return text, why == "", nil
}

// namedText reads a file that was named: a secret is shown then, a large file too.
func (p *plan) namedText(f *file) (string, Reason, error) {
	text, why, err := p.tree.read(f, noLimit)
	if err != nil || why != "" {
		return "", why, err
	}
	if why = refused(text); why == Secret {
		why = ""
	}
	return text, why, nil
}

// unleft takes back that a file is not shown.
func (p *plan) unleft(path string) {
	p.brief.Left = slices.DeleteFunc(p.brief.Left, func(l Left) bool { return l.Path == path })
}

// guidanceNames are the files in which a repository speaks to whoever changes it.
var guidanceNames = [...]string{"AGENTS.md", "CLAUDE.md", ".agent.yaml"}

// guidance puts in the repository's own instructions, those at the root.
func (p *plan) guidance() error {
	share := min(p.req.Budget/guidanceShare, p.room)
	for _, name := range guidanceNames {
		f := p.tree.byPath[name]
		if f == nil || p.shown[name] || p.tree.hidden[name] != "" {
			continue
		}
		text, ok, err := p.readable(f)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if p.blobs[f.id] {
			continue
		}
		p.blobs[f.id] = true
		file := p.whole(f, text, "guidance")
		if file.Tokens > share {
			file = p.beginning(f, text, share)
		}
		if file.section == "" {
			p.left(name, NoRoom)
			continue
		}
		share -= file.Tokens
		p.room -= file.Tokens
		p.shown[name] = true
		p.brief.Guidance = append(p.brief.Guidance, file)
	}
	return nil
}

// beginning is a file's first lines, as many as fit.
func (p *plan) beginning(f *file, text string, share int) File {
	lines := slices.Collect(strings.Lines(text))
	return p.some(f, lines, "guidance", share, len(lines), func(n int) []span { return []span{{0, n}} })
}

// some is as much of a file as fits: the spans of the largest number up to max. With room
// for none it has no section.
func (p *plan) some(f *file, lines []string, why string, share, max int, spans func(n int) []span) File {
	section := func(n int) string { return partsSection(f, lines, spans(n)) }
	n := mostThatFit(max, func(n int) bool { return p.count(section(n)) <= share })
	if n == 0 {
		return File{}
	}
	text := section(n)
	return File{Path: f.path, ID: f.id, Why: why, section: text, Tokens: p.count(text)}
}

// mostThatFit returns the largest n up to max for which fits is true; it is true up to
// some n.
func mostThatFit(max int, fits func(int) bool) int {
	low, high := 0, max
	for low < high {
		if mid := (low + high + 1) / 2; fits(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// outline puts in the map of the tree.
func (p *plan) outline() error {
	share := min(p.req.Budget/mapShare, maxMap, p.room)
	text := p.mapOf(share)
	p.brief.Map = text
	p.room -= p.count(text)
	return nil
}

// diff puts in the pull request's diff, file by file while there is room. What it
// says of secrets stays out.
func (p *plan) diff() error {
	share := p.room / diffShare
	var b strings.Builder
	for _, part := range diffParts(p.req.Diff) {
		switch {
		case part.secret():
			p.left(part.path, Secret)
		case p.count(diffSection(b.String()+part.text)) > share:
			p.left(part.path, NoRoom)
		default:
			b.WriteString(part.text)
		}
	}
	if b.Len() > 0 {
		p.brief.Diff = b.String()
		p.room -= p.count(diffSection(p.brief.Diff))
	}
	return nil
}

// ranked puts in files by rank: whole, in parts when they are large, and only noted
// when there is no room.
func (p *plan) ranked() error {
	top, n := 0.0, 0
	for _, r := range p.rank() {
		if p.shown[r.Path] {
			continue
		}
		if top == 0 {
			top = r.Score
		}
		if n++; n > maxShown || r.Score < tailScore*top || r.Score <= 0 {
			break
		}
		f := p.tree.byPath[r.Path]
		text, ok, err := p.readable(f)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if !p.add(p.fitted(f, text, r.Why)) {
			p.left(f.path, NoRoom)
		}
	}
	return nil
}

// fitted is a file whole when that is no more than its share of what is left, else in
// parts.
func (p *plan) fitted(f *file, text, why string) File {
	if len(text)/8 < p.room { // else counting it is a waste
		if file := p.whole(f, text, why); file.Tokens <= p.room && file.Tokens <= max(p.room/fileShare, smallFile) {
			return file
		}
	}
	return p.parts(f, text, why, min(p.room, max(p.room/fileShare, smallFile)))
}

// finish makes the text, and gives up files from the end should adding up have missed
// something.
func (p *plan) finish() *Brief {
	b := p.brief
	slices.SortStableFunc(b.Left, func(a, c Left) int {
		return cmp.Or(strings.Compare(a.Path, c.Path), strings.Compare(string(a.Reason), string(c.Reason)))
	})
	for {
		b.text = b.render()
		b.Tokens = p.count(b.text)
		if b.Tokens <= p.req.Budget || len(b.Files) == 0 || b.Files[len(b.Files)-1].Why == "named" {
			return b
		}
		last := b.Files[len(b.Files)-1]
		b.Files = b.Files[:len(b.Files)-1]
		b.Left = append(b.Left, Left{last.Path, NoRoom})
	}
}
