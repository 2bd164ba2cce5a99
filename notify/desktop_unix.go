//go:build unix && !darwin

package notify

import "html"

// desktopArgv is notify-send's command line. Its text may hold markup, its title not.
func desktopArgv(n Notice) []string {
	urgency := "normal"
	if n.Event == NeedsInput {
		urgency = "critical" // stays until it is seen
	}
	return []string{"notify-send", "--app-name=agent", "--urgency=" + urgency, "--", n.Title, html.EscapeString(n.Text)}
}
