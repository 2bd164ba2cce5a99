package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// bigTree makes a repository of 100,000 files in 10,101 directories, as many again of
// which are ignored.
func bigTree(b *testing.B) string {
	root := newRepo(b)
	for i := range 100 {
		for j := range 100 {
			dir := filepath.Join(root, fmt.Sprintf("pkg%02d/part%02d", i, j))
			if err := os.MkdirAll(dir, 0o777); err != nil {
				b.Fatal(err)
			}
			for k := range 10 {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%d.go", k)), []byte("package x\n"), 0o666); err != nil {
					b.Fatal(err)
				}
			}
			if err := os.MkdirAll(filepath.Join(root, fmt.Sprintf("build/pkg%02d/part%02d", i, j)), 0o777); err != nil {
				b.Fatal(err)
			}
		}
	}
	git(b, root, "add", ".")
	git(b, root, "commit", "-qm", "big")
	return root
}

// BenchmarkTreeStart measures how long it takes until a tree of 100,000 files is
// watched, and what it costs to keep it so.
func BenchmarkTreeStart(b *testing.B) {
	root := bigTree(b)
	git := gitOf(b, root)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		tree := &Tree{Root: root, Git: git}
		ctx, stop := context.WithCancel(b.Context())
		ready, ended := make(chan struct{}), make(chan error, 1)
		tree.Ready = func() { close(ready); <-ctx.Done() }
		begun := time.Now()
		go func() { ended <- tree.Run(ctx, make(chan []string)) }()
		<-ready
		b.ReportMetric(time.Since(begun).Seconds(), "s/start")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(tree.watched), "B/dir")
		b.ReportMetric(float64(tree.watched), "dirs")
		stop()
		<-ended
	}
}

// BenchmarkTreeTells measures the time from the rename of a save to its being told,
// beyond the time for which a file must be left alone.
func BenchmarkTreeTells(b *testing.B) {
	tree := &Tree{Root: newRepo(b), Settle: time.Millisecond}
	tree.Git = gitOf(b, tree.Root)
	ready, changed := make(chan struct{}), make(chan []string)
	tree.Ready = func() { close(ready) }
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- tree.Run(ctx, changed) }()
	<-ready
	for b.Loop() {
		tmp := filepath.Join(tree.Root, ".main.go.swp")
		if err := os.WriteFile(tmp, []byte("package main\n"), 0o666); err != nil {
			b.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(tree.Root, "main.go")); err != nil {
			b.Fatal(err)
		}
		<-changed
	}
	stop()
	<-ended
}
