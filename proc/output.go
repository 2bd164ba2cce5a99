package proc

import "slices"

// output takes what a command prints. It is used by one goroutine at a time.
type output struct {
	limit int64 // 0: none
	sink  func([]byte)
	seen  int64         // bytes printed, those over the limit included
	last  []byte        // the end of what was passed on, at least TailSize bytes if there are
	over  chan struct{} // closed when the limit is passed
}

// take passes a chunk on, up to the limit.
func (o *output) take(chunk []byte) {
	before := o.seen
	o.seen += int64(len(chunk))
	if o.limit > 0 && o.seen > o.limit {
		if before > o.limit {
			return
		}
		chunk = chunk[:o.limit-before]
		close(o.over)
	}
	if len(chunk) == 0 {
		return
	}
	o.keep(chunk)
	if o.sink != nil {
		o.sink(chunk)
	}
}

// keep appends to the tail, moving it only once in TailSize bytes.
func (o *output) keep(chunk []byte) {
	if len(chunk) >= TailSize {
		o.last = append(o.last[:0], chunk[len(chunk)-TailSize:]...)
		return
	}
	if len(o.last)+len(chunk) > 2*TailSize {
		n := copy(o.last, o.last[len(o.last)-TailSize:])
		o.last = o.last[:n]
	}
	o.last = append(o.last, chunk...)
}

func (o *output) tail() []byte {
	return slices.Clone(o.last[max(0, len(o.last)-TailSize):])
}
