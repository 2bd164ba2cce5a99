// Pictures draws the monitor for the README: it has package monitor draw its own frames
// of made-up jobs, and writes them as docs/list.svg and docs/diff.svg. Call it at the top
// of the repository; the same source gives the same bytes.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui/monitor"
)

func main() {
	if err := run(context.Background(), "docs"); err != nil {
		fmt.Fprintln(os.Stderr, "pictures: error:", err)
		os.Exit(1)
	}
}

// run writes all pictures into dir.
func run(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	now := time.Date(2026, 3, 4, 14, 10, 0, 0, time.Local) // the screen shows local times
	cfg := monitor.Config{
		Jobs: newStill(now),
		Now:  func() time.Time { return now },
		Health: func(context.Context) (monitor.Health, error) {
			return monitor.Health{Daemon: "1.0", Busy: 3, Workers: 4, DiskFree: 212 << 30,
				Cooldowns: []monitor.Cooldown{{Maker: "ollama", Until: now.Add(22 * time.Minute)}}}, nil
		},
		Act: monitor.Actions{
			Diff: func(context.Context, agent.Ref) (string, error) { return change, nil },
		},
	}
	for _, p := range []struct {
		name string
		shot monitor.Shot
	}{
		{"list", monitor.Shot{Width: 140, Height: 24, Dark: true, Keys: []string{"j", "j", "j", "v"}}},
		{"diff", monitor.Shot{Width: 100, Height: 34, Dark: true, Keys: []string{"j", "j", "j", "d"}}},
	} {
		frame, err := monitor.Frame(ctx, cfg, p.shot)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, p.name+".svg")
		if err := os.WriteFile(file, []byte(svg(frame, p.shot.Width, p.shot.Height)), 0o644); err != nil {
			return err
		}
		fmt.Println(file)
	}
	return nil
}
