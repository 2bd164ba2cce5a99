package notify

// toast takes its texts from the environment and makes nodes of text of them, so that no
// character has a meaning. The notifier is PowerShell's own, because one needs a shortcut
// in the start menu.
const toast = `$ErrorActionPreference = 'Stop'
[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null
$m = [Windows.UI.Notifications.ToastNotificationManager]
$x = $m::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$t = $x.GetElementsByTagName('text')
$t.Item(0).AppendChild($x.CreateTextNode($env:AGENT_TITLE)) | Out-Null
$t.Item(1).AppendChild($x.CreateTextNode($env:AGENT_TEXT)) | Out-Null
$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe'
$m::CreateToastNotifier($id).Show([Windows.UI.Notifications.ToastNotification]::new($x))`

func desktopArgv(Notice) []string {
	return []string{"powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-Command", toast}
}
