package spool

import "path/filepath"

// native is a path as a hook's shell writes it, in the form of this system: the shell of
// Git for Windows says /c/Users for C:\Users.
func native(path string) string {
	if len(path) > 2 && path[0] == '/' && path[2] == '/' {
		path = string(path[1]) + ":" + path[2:]
	}
	return filepath.FromSlash(path)
}
