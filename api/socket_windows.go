package api

import "io/fs"

// checkOwner has nothing to ask: a user's profile is closed to others by its ACL.
func checkOwner(string, fs.FileInfo) error { return nil }
