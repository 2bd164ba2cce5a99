//go:build !linux && !darwin

package api

import "net"

// peerUID does not know: the directory's rights alone guard the socket here.
func peerUID(*net.UnixConn) (uid int, known bool, err error) { return 0, false, nil }
