//go:build unix

package spool

// native is a path as a hook's shell writes it, in the form of this system.
func native(path string) string { return path }
