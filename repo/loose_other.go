//go:build !linux

package repo

import "os"

// startWriting begins to bring the file's data to disk; only Linux can do that
// without waiting.
func startWriting(*os.File) error { return nil }

// waitWritten returns when the file's data is on disk.
func waitWritten(f *os.File) error { return f.Sync() }
