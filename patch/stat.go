package patch

// Stat is the size of a patch.
type Stat struct {
	Files          []FileStat
	Added, Removed int // lines, together; binary changes count none
}

// FileStat is the size of one file's change.
type FileStat struct {
	Path           string // after the change, or before it for a Delete
	Old            string // the path before, for a Rename or Copy
	Op             Op
	Added, Removed int
	Binary         bool
}

// Stat counts what the patch changes, in the patch's order.
func (p *Patch) Stat() Stat {
	var s Stat
	for i := range p.Files {
		f := &p.Files[i]
		one := FileStat{Path: f.Path(), Op: f.Op, Binary: f.Binary != nil}
		if f.Op == Rename || f.Op == Copy {
			one.Old = f.Old
		}
		for k := range f.Hunks {
			added, removed := f.Hunks[k].Count()
			one.Added += added
			one.Removed += removed
		}
		s.Files = append(s.Files, one)
		s.Added += one.Added
		s.Removed += one.Removed
	}
	return s
}
