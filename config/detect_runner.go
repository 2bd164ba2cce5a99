package config

import "strings"

// makeTargets returns the names of a Makefile's explicit rules.
func makeTargets(d dir) []string {
	var targets []string
	// The order in which GNU make looks.
	for line := range strings.Lines(d.read(d.has("GNUmakefile", "makefile", "Makefile"))) {
		left, right, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(right, "=") || strings.ContainsAny(left, "=#\t$%") {
			continue
		}
		targets = append(targets, strings.Fields(left)...)
	}
	return targets
}

// justTargets returns the names of a justfile's recipes that need no argument.
func justTargets(d dir) []string {
	var targets []string
	for line := range strings.Lines(d.read(d.has("justfile", "Justfile", ".justfile"))) {
		left, right, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(right, "=") || strings.ContainsAny(left, " \t#\"'") {
			continue
		}
		targets = append(targets, strings.TrimPrefix(left, "@"))
	}
	return targets
}

// taskTargets returns the names below tasks: of a Taskfile. It reads lines and not
// YAML, because Taskfiles may use all of YAML, anchors and templates included.
func taskTargets(d dir) []string {
	var targets []string
	inside, indent := false, ""
	for line := range strings.Lines(d.read(d.has("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"))) {
		line = strings.TrimRight(line, " \t\r\n")
		text := strings.TrimLeft(line, " ")
		switch {
		case text == "" || text[0] == '#':
			continue
		case text == line:
			inside, indent = line == "tasks:", ""
			continue
		case inside && indent == "":
			indent = line[:len(line)-len(text)]
		}
		if name, _, ok := strings.Cut(text, ":"); ok && inside && line == indent+text {
			targets = append(targets, strings.Trim(name, `"'`))
		}
	}
	return targets
}
