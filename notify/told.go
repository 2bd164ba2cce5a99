package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"codeagent.dev/agent"
)

const (
	maxTold = 1000           // ends that are remembered, and jobs that are looked at after a start
	maxLate = 24 * time.Hour // what is older is no news, when nobody told for that long
)

// told is what was told already: everything that ended up to Since, and the ends in Ends.
// A job that is queued again has a new end, which is news again.
type told struct {
	path  string
	Since time.Time              `json:"since"`
	Ends  map[agent.ID]time.Time `json:"ends"`
}

// openTold reads the file. Without one, or when it cannot be read, everything up to now
// counts as told.
func openTold(path string, now time.Time) (*told, error) {
	t := &told{path: path, Since: now, Ends: map[agent.ID]time.Time{}}
	if path == "" {
		return t, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, t.write() // from now on
	}
	read := told{path: path}
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if err != nil {
		return t, fmt.Errorf("read %s: %w", path, err)
	}
	if read.Ends == nil {
		read.Ends = map[agent.ID]time.Time{}
	}
	if late := now.Add(-maxLate); read.Since.Before(late) {
		read.Since = late
	}
	return &read, nil
}

// news reports whether nobody was told of the end of a job.
func (t *told) news(id agent.ID, ended time.Time) bool {
	return ended.After(t.Since) && !t.Ends[id].Equal(ended)
}

// note remembers that jobs were told.
func (t *told) note(jobs []agent.Job) error {
	for _, job := range jobs {
		t.Ends[job.ID] = job.Ended
	}
	if over := len(t.Ends) - maxTold; over > 0 {
		ids := make([]agent.ID, 0, len(t.Ends))
		for id := range t.Ends {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(a, b agent.ID) int { return t.Ends[a].Compare(t.Ends[b]) })
		for _, id := range ids[:over] {
			t.Since = t.Ends[id]
			delete(t.Ends, id)
		}
	}
	return t.write()
}

// write replaces the file. It is not synced: after a power cut something may be told
// twice, and nothing is lost.
func (t *told) write() error {
	if t.path == "" {
		return nil
	}
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(t.path), ".told-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), t.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
