package config_test

import (
	"path/filepath"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
)

// BenchmarkLoad is what every command pays, with every setting in the user's file.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "config.yaml")
	for _, k := range config.Keys() {
		name, text := sample(k)
		if err := config.Set(path, name, text); err != nil {
			b.Fatal(err)
		}
	}
	for name, dir := range map[string]string{"file": filepath.Dir(path), "none": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: dir}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadRepo is what every submission pays.
func BenchmarkReadRepo(b *testing.B) {
	text := config.Template([]agent.Check{{Run: "go build ./..."}, {Run: "go vet ./..."}, {Run: "go test ./..."}})
	for b.Loop() {
		if _, err := config.ReadRepo(text); err != nil {
			b.Fatal(err)
		}
	}
}
