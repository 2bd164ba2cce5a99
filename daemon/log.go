package daemon

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// LogOptions says where the log goes. Path is required.
type LogOptions struct {
	Path    string
	Level   slog.Leveler // nil: info
	MiB     int          // size at which the file is put aside; 0: 10
	Backups int          // files put aside that are kept; 0: 3
	Copy    io.Writer    // gets every line too, such as a terminal; may be nil
}

// OpenLog opens the daemon's log, a file that is rotated by size. It says at once when
// the file cannot be written.
func OpenLog(opt LogOptions) (*slog.Logger, io.Closer, error) {
	if err := api.EnsureDir(filepath.Dir(opt.Path)); err != nil {
		return nil, nil, err
	}
	probe, err := os.OpenFile(opt.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, agent.Errorf(agent.Internal, "the log cannot be written: %w", err).WithHint("check the owner and the rights of " + filepath.Dir(opt.Path))
	}
	if err := probe.Close(); err != nil {
		return nil, nil, agent.Errorf(agent.Internal, "the log cannot be written: %w", err)
	}
	file := &lumberjack.Logger{Filename: opt.Path, MaxSize: cmp.Or(opt.MiB, 10), MaxBackups: cmp.Or(opt.Backups, 3)}
	var w io.Writer = file
	if opt.Copy != nil {
		w = io.MultiWriter(file, opt.Copy)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: opt.Level})), file, nil
}
