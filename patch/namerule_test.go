package patch

import "testing"

// TestDirectories holds what may be put before names.
func TestDirectories(t *testing.T) {
	for dir, want := range map[string]string{
		"": "", "d": "d/", "d/": "d/", "d//e": "d/e/", "./d/./e": "d/e/", "x/../d": "d/", ".": "", "./": "", "..d": "..d/",
	} {
		if rule, _, reason := newNameRule(0, dir); rule.root != want || reason != "" {
			t.Errorf("%q: got %q, %s, want %q", dir, rule.root, reason, want)
		}
	}
	for _, dir := range []string{"..", "../d", "d/../..", "d/../../e"} {
		if _, _, reason := newNameRule(0, dir); reason == "" {
			t.Errorf("%q is allowed", dir)
		}
	}
}

// TestTimeStamps holds where a name ends, and which time stamps say that there is no file.
func TestTimeStamps(t *testing.T) {
	for line, want := range map[string]string{
		"a/f": "f",
		"a/f\t2024-01-02 03:04:05.123456789 +010": "f",
		"a/f 2024-01-02 03:04:05.123456789 +0100": "f",
		"a/f 2024-01-02 03:04:05 -05:00":          "f",
		"a/f   24-01-02 03:04:05":                 "f",
		"a/f 2024-01-02":                          "f",
		"a/two words\t2024-01-02 03:04:05":        "two words",
		"a/two words 2024-01-02 03:04:05.5":       "two words",
		"a/two words 2024-01-02 03:04":            "two words 2024-01-02 03:04",
		"a/f2024-01-02 03:04:05":                  "f2024-01-02 03:04:05",
		"a/f\t(revision 12)":                      "f",
		"a/f\r":                                   "f",
		`"a/q\"q"` + "\t2024-01-02 03:04:05":      `q"q`,
		"a/b//c///d":                              "b/c/d",
		"a/":                                      "",
		"f":                                       "",
	} {
		if got := (nameRule{strip: 1}).plain([]byte(line+"\n"), ""); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]bool{
		"f\t1970-01-01 00:00:00.000000000 +0000": true,
		"f\t1970-01-01 01:00:00 +0100":           true,
		"f\t1970-01-01 05:30:00.0 +05:30":        true,
		"f\t1969-12-31 19:00:00.000000000 -0500": true,
		"f\tx\t1970-01-01 00:00:00 +0000":        true,
		"f 1970-01-01 00:00:00 +0000":            false,
		"f\t1970-01-01 00:00:00.1 +0000":         false,
		"f\t1970-01-01 00:00:01 +0000":           false,
		"f\t1970-01-01 01:00:00 +0000":           false,
		"f\t1970-01-01 00:00:00. +0000":          false,
		"f\t1970-01-01 00:00:00":                 false,
		"f\t1970-01-01 00:00:00 +0000\r":         false,
	} {
		if got := hasEpoch([]byte(line + "\n")); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
}
