package notify

// desktopArgv is a script of three fixed lines, and the texts as its arguments.
func desktopArgv(n Notice) []string {
	return []string{
		"osascript", "-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run",
		"--", n.Title, n.Text,
	}
}
