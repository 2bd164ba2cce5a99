package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"codeagent.dev/agent/api"
)

// version is set by the release build (-ldflags -X main.version=…).
var version string

type versionDoc struct {
	header
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Protocol int    `json:"protocol"`
}

func newVersionCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    `Print the version of this program. "agent daemon status" has the daemon's.`,
		Example: "  agent version --json",
		Args:    args(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			doc := buildDoc()
			if asJSON {
				return a.printJSON(doc)
			}
			_, err := fmt.Fprintf(a.out, "agent %s %s %s\n", doc.Version, doc.Platform, doc.Go)
			return err
		},
	}
	addJSON(cmd, &asJSON)
	return exits(cmd)
}

func buildDoc() versionDoc {
	doc := versionDoc{
		header: docHeader, Version: buildVersion(), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Protocol: api.Protocol,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				doc.Commit = s.Value
			case "vcs.modified":
				doc.Modified = s.Value == "true"
			}
		}
	}
	return doc
}

// buildVersion is the release's version, else the module's, else "dev".
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
