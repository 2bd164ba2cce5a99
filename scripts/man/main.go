// Command man writes the manual pages, one for each command and each topic of help, from
// what the built program says of itself. Nothing of it is part of that program.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("man: ")
	dir := flag.String("o", "man", "write the pages into this `directory`")
	bin := flag.String("agent", "", "ask this `program`; default: the one of this checkout")
	date := flag.String("date", time.Now().UTC().Format(time.DateOnly), "the `day` that stands on the pages")
	version := flag.String("version", "", "the `version` that stands on them; default: what the program says")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: go run ./scripts/man [-o directory] [-agent program] [-date day] [-version version]\n\nWrites the manual pages of agent.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	cmd := exec.Command("go", "run", "./cmd/agent", "debug", "manual")
	if *bin != "" {
		cmd = exec.Command(*bin, "debug", "manual")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%v: %v", cmd.Args, err)
	}
	var m Manual
	if err := json.Unmarshal(out, &m); err != nil {
		log.Fatal(err)
	}
	if *version != "" {
		m.Version = *version
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		log.Fatal(err)
	}
	for _, p := range m.Pages(*date) {
		if err := os.WriteFile(filepath.Join(*dir, p.File), p.Text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
