// Package watch tells that files changed: in one directory (Dir), and in a work tree
// of any size (Tree). It also finds the comments in a file that ask for a change
// (Find), and takes them out (Remove).
package watch
