package repo

import (
	"bytes"
	"context"
	"os"
	"strings"

	"codeagent.dev/agent"
)

// readIndex runs a `git ls-files --stage -z` and returns the entries; with want only
// those paths. An entry in a conflict has the mode "conflict".
func readIndex(ctx context.Context, list gitRun, want map[string]bool) (map[string]entry, error) {
	out, err := list.output(ctx)
	if err != nil {
		return nil, err
	}
	entries := map[string]entry{}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		// "<mode> <id> <stage>\t<path>"
		info, path, ok := strings.Cut(string(line), "\t")
		fields := strings.Fields(info)
		if !ok || len(fields) != 3 || want != nil && !want[path] {
			continue
		}
		if fields[2] != "0" {
			fields[0] = "conflict"
		}
		entries[path] = entry{Mode: fields[0], ID: fields[1]}
	}
	return entries, nil
}

// stagedNow returns the person's index entries of the delivery's paths.
func (d *delivery) stagedNow(ctx context.Context) (map[string]entry, error) {
	want := map[string]bool{}
	for _, f := range d.journal.Files {
		if f.Staged != nil {
			want[string(f.Path)] = true
		}
	}
	if len(want) == 0 {
		return nil, nil
	}
	return readIndex(ctx, d.repo.personGit("ls-files", "--stage", "-z"), want)
}

// settleIndex makes the index entries those of that side. It reports what differs
// from both sides and then changes nothing.
func (d *delivery) settleIndex(ctx context.Context, to side, dry bool) ([]Obstacle, error) {
	now, err := d.stagedNow(ctx)
	if err != nil {
		return nil, err
	}
	var obstacles []Obstacle
	todo := map[string]entry{}
	for _, f := range d.journal.Files {
		if f.Staged == nil {
			continue
		}
		path, have := string(f.Path), now[string(f.Path)]
		target := f.Staged.New
		if to == before {
			target = f.Staged.Old
		}
		switch have {
		case target:
		case f.Staged.Old, f.Staged.New:
			todo[path] = target
		default:
			obstacles = append(obstacles, Obstacle{path, "staged differently since"})
		}
	}
	if len(obstacles) > 0 || len(todo) == 0 {
		return obstacles, nil
	}
	if err := d.repo.Unlocked(); err != nil {
		return nil, err
	}
	if dry {
		return nil, nil
	}
	update := d.repo.personGit("update-index", "-z", "--index-info")
	update.stdin, update.hold = bytes.NewReader(indexInfo(todo)), d.lock
	if _, err := update.output(ctx); err != nil {
		return nil, agent.Errorf(agent.Blocked, "the index cannot be changed: %w", err).WithHint("git status")
	}
	return nil, nil
}

// lend copies the blobs of the new index entries from the scratch store's view into
// the person's object store, as loose objects: an index must not name what is not
// there.
func (s *scratch) lend(ctx context.Context, entries map[string]entry, hold *fileLock) error {
	var ids strings.Builder
	for _, path := range sortedKeys(entries) {
		if entries[path].Mode != "" {
			ids.WriteString(entries[path].ID + "\n")
		}
	}
	if ids.Len() == 0 {
		return nil
	}
	pack, err := os.CreateTemp(s.dir, "pack-")
	if err != nil {
		return err
	}
	defer pack.Close()
	collect := s.git("pack-objects", "--quiet", "--stdout")
	collect.stdin, collect.stdout = strings.NewReader(ids.String()), pack
	if _, err := collect.output(ctx); err != nil {
		return err
	}
	if _, err := pack.Seek(0, 0); err != nil {
		return err
	}
	unpack := s.repo.personGit("-c", "core.fsync=loose-object", "unpack-objects", "-q")
	unpack.stdin, unpack.hold = pack, hold
	_, err = unpack.output(ctx)
	return err
}
