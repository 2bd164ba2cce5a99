package patch

import (
	"bytes"
	"fmt"
	"strings"
)

// Bytes renders the patch as git would, always with git headers. Parse makes the
// same patch of it again, and `git apply` takes it.
func (p *Patch) Bytes() []byte {
	var b bytes.Buffer
	for i := range p.Files {
		p.Files[i].render(&b)
	}
	return b.Bytes()
}

func (f *File) render(b *bytes.Buffer) {
	old, new := f.Old, f.New
	if old == "" {
		old = new
	}
	if new == "" {
		new = old
	}
	fmt.Fprintf(b, "diff --git %s %s\n", quote("a/"+old), quote("b/"+new))
	begin, index := b.Len(), ""
	switch {
	case f.Op == Create:
		fmt.Fprintf(b, "new file mode %v\n", f.NewMode)
	case f.Op == Delete:
		fmt.Fprintf(b, "deleted file mode %v\n", f.OldMode)
	case f.OldMode != f.NewMode, f.OldMode != 0 && f.OldID == "", f.sets:
		if f.OldMode != 0 {
			fmt.Fprintf(b, "old mode %v\n", f.OldMode)
		}
		if f.NewMode != 0 && (f.sets || f.OldMode != f.NewMode) {
			fmt.Fprintf(b, "new mode %v\n", f.NewMode)
		}
	case f.OldMode != 0:
		index = " " + f.OldMode.String()
	}
	switch {
	case f.Op == Rename && !f.unsaid, f.Op == Copy:
		if f.Score > 0 {
			fmt.Fprintf(b, "similarity index %d%%\n", f.Score)
		}
		fmt.Fprintf(b, "%s from %s\n%s to %s\n", f.Op, quote(f.Old), f.Op, quote(f.New))
	case f.Score > 0:
		fmt.Fprintf(b, "dissimilarity index %d%%\n", f.Score)
	}
	if f.OldID != "" {
		fmt.Fprintf(b, "index %s..%s%s\n", f.OldID, f.NewID, index)
	}
	// A header of the one line is none to git.
	if len(f.Hunks) > 0 || f.unsaid || b.Len() == begin {
		fmt.Fprintf(b, "--- %s\n+++ %s\n", ended(label("a/", f.Old)), ended(label("b/", f.New)))
	}
	switch {
	case f.Binary != nil && f.Binary.Forward == nil:
		fmt.Fprintf(b, "Binary files %s and %s differ\n", label("a/", f.Old), label("b/", f.New))
	case f.Binary != nil:
		b.WriteString("GIT binary patch\n")
		f.Binary.Forward.render(b)
		if f.Binary.Back != nil {
			f.Binary.Back.render(b)
		}
	}
	for i := range f.Hunks {
		f.Hunks[i].render(b)
	}
}

// label writes the name of one side.
func label(prefix, name string) string {
	if name == "" {
		return devNull
	}
	return quote(prefix + name)
}

// ended ends a label that holds a blank with a tab, as git does, so that it cannot be
// taken for a name and a time stamp.
func ended(label string) string {
	if strings.Contains(label, " ") && label[0] != '"' {
		label += "\t"
	}
	return label
}

func (h *Hunk) render(b *bytes.Buffer) {
	fmt.Fprintf(b, "@@ -%s +%s @@%s\n", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines), h.Section)
	b.Write(h.Body)
}

func span(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}

func (blob *Blob) render(b *bytes.Buffer) {
	kind := "literal"
	if blob.Delta {
		kind = "delta"
	}
	fmt.Fprintf(b, "%s %d\n", kind, len(blob.Data))
	b.Write(appendBase85(nil, deflate(blob.Data)))
	b.WriteByte('\n')
}
