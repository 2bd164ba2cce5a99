// Command cobra is what a Go command line costs before it does anything: the
// yardstick of the start-up benchmarks.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "cobra"}
	root.AddCommand(&cobra.Command{Use: "version", Run: func(*cobra.Command, []string) { fmt.Println("v0") }})
	if root.Execute() != nil {
		os.Exit(1)
	}
}
