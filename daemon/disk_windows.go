package daemon

import "golang.org/x/sys/windows"

// DiskFree returns the bytes that this user may still write where dir is.
func DiskFree(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free, total, all uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, &total, &all)
	return free, err
}
