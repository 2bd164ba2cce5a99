package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bbolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
)

// crashed returns a database as a kill leaves it after use. Time stands still, so that
// whatever use does not read lies in the journal alone.
func crashed(t *testing.T, use func(s *bolt.Store)) (path string) {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, filepath.Join(from, "agent.db"))
		defer closeStore(t, s)
		use(s)
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	})
	return filepath.Join(to, "agent.db")
}

func submit(t *testing.T, texts ...string) func(s *bolt.Store) {
	return func(s *bolt.Store) {
		for _, text := range texts {
			must[agent.Job](t)(s.Submit(t.Context(), spec(text)))
		}
	}
}

// wantTexts opens path and wants jobs with exactly these texts.
func wantTexts(t *testing.T, path string, texts ...string) {
	t.Helper()
	s := openAt(t, path)
	defer closeStore(t, s)
	all := snap(t, s).Jobs // the newest first
	if len(all) != len(texts) {
		t.Fatalf("there are %d jobs, want %d", len(all), len(texts))
	}
	for i, text := range texts {
		if j := all[len(all)-1-i]; j.ID != agent.ID(i+1) || j.Spec.Text != text {
			t.Errorf("job %s has %d bytes of text, want job %d with %d", j.ID, len(j.Spec.Text), i+1, len(text))
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if j := must[agent.Job](t)(s.Submit(t.Context(), spec("next"))); j.ID != agent.ID(len(texts)+1) {
		t.Errorf("the next job is %s", j.ID)
	}
}

const block = 4096

// editRecord changes record n, from 1, of a journal.
func editRecord(t *testing.T, path string, n int, edit func(record []byte)) {
	t.Helper()
	path += ".journal-0"
	file := must[[]byte](t)(os.ReadFile(path))
	for at := 0; at < len(file); at += block {
		if !bytes.HasPrefix(file[at:], []byte("agj1")) {
			continue
		}
		if n--; n == 0 {
			edit(file[at : at+28+int(binary.BigEndian.Uint32(file[at+8:]))])
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("there is no such record")
}

func TestJournalReplayed(t *testing.T) {
	one, two, three := strings.Repeat("1", 3000), strings.Repeat("2", 9000), "3"
	t.Run("whole", func(t *testing.T) {
		path := crashed(t, submit(t, one, two, three))
		wantTexts(t, path, one, two, three)
		if left := must[[]string](t)(filepath.Glob(path + "?*")); len(left) > 0 {
			t.Errorf("Close left %v", left)
		}
		wantTexts(t, path, one, two, three, "next")
	})
	t.Run("torn at its end", func(t *testing.T) {
		path := crashed(t, submit(t, one, two))
		editRecord(t, path, 2, func(record []byte) { clear(record[block:]) })
		wantTexts(t, path, one)
	})
	t.Run("applied already", func(t *testing.T) {
		path := crashed(t, func(s *bolt.Store) {
			submit(t, one, two)(s)
			must[[]agent.Job](t)(s.List(t.Context(), agent.Filter{}))
		})
		wantTexts(t, path, one, two)
	})
	t.Run("applied in part", func(t *testing.T) {
		path := crashed(t, func(s *bolt.Store) {
			submit(t, one, two)(s)
			must[[]agent.Job](t)(s.List(t.Context(), agent.Filter{}))
			submit(t, three)(s) // over the first record
		})
		wantTexts(t, path, one, two, three)
	})
	t.Run("both segments", func(t *testing.T) {
		var texts []string
		for i, size := range []int{6 << 20, 6 << 20, 6 << 20, 6 << 20, 6 << 20, 40 << 20, 6 << 20, 1, 6 << 20} {
			texts = append(texts, strings.Repeat(fmt.Sprint(i), size))
		}
		wantTexts(t, crashed(t, submit(t, texts...)), texts...)
	})
}

func TestJournalRefused(t *testing.T) {
	three := submit(t, "one", "two", "three")
	unchanged := func(t *testing.T, path, hint string) {
		t.Helper()
		read := func() (all []byte) {
			for _, name := range must[[]string](t)(filepath.Glob(path + "*")) {
				all = append(all, must[[]byte](t)(os.ReadFile(name))...)
			}
			return all
		}
		before := read()
		refused(t, path, agent.Internal, hint)
		if !bytes.Equal(before, read()) {
			t.Error("something was changed")
		}
	}
	t.Run("damaged before its end", func(t *testing.T) {
		path := crashed(t, three)
		editRecord(t, path, 2, func(record []byte) { record[100]++ })
		unchanged(t, path, "truncate -s 0 "+path+".journal-0")
	})
	t.Run("of another database", func(t *testing.T) {
		path, other := crashed(t, three), crashed(t, three)
		if err := os.Rename(other+".journal-0", path+".journal-0"); err != nil {
			t.Fatal(err)
		}
		unchanged(t, path, "mv "+path+".journal-0")
	})
	t.Run("of an earlier time", func(t *testing.T) {
		path := crashed(t, three)
		old := must[[]byte](t)(os.ReadFile(path + ".journal-0"))
		wantTexts(t, path, "one", "two", "three")
		if err := os.WriteFile(path+".journal-0", old, 0o600); err != nil {
			t.Fatal(err)
		}
		unchanged(t, path, "mv "+path+".journal-0")
	})
	t.Run("beside a new database", func(t *testing.T) {
		path := crashed(t, three)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused(t, path, agent.Internal, "mv "+path+".journal-0")
	})
	for i := range 2 {
		t.Run(fmt.Sprint("missing ", i), func(t *testing.T) {
			path := crashed(t, three)
			gone := fmt.Sprint(path, ".journal-", i)
			if err := os.Remove(gone); err != nil {
				t.Fatal(err)
			}
			unchanged(t, path, "touch "+gone)
			if err := os.WriteFile(gone, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				wantTexts(t, path) // given up
			} else {
				wantTexts(t, path, "one", "two", "three")
			}
		})
	}
}

// A file of schema 2 knew nothing of places in the queue; what waits in it still has its
// turn, in its repository.
func TestOpensSchema2(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := openAt(t, path)
	submit := func(text string, priority int) {
		sp := spec(text)
		sp.Priority = priority
		must[agent.Job](t)(s.Submit(t.Context(), sp))
	}
	submit("one", 0)
	submit("two", 5)
	closeStore(t, s)
	db := must[*bbolt.DB](t)(bbolt.Open(path, 0o600, nil))
	err := db.Update(func(tx *bbolt.Tx) error {
		classes := tx.Bucket([]byte("classes"))
		old := map[string][]byte{}
		err := classes.ForEach(func(k, v []byte) error {
			before, _, _ := bytes.Cut(v[8:], []byte{0})
			old[string(k)] = append(bytes.Clone(v[:8]), before...)
			return nil
		})
		for k, v := range old {
			err = errors.Join(err, classes.Put([]byte(k), v))
		}
		return errors.Join(err, tx.DeleteBucket([]byte("follow")), tx.DeleteBucket([]byte("turns")),
			tx.Bucket([]byte("meta")).Put([]byte("schema"), binary.BigEndian.AppendUint64(nil, 2)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	defer closeStore(t, s)
	for _, want := range []string{"two", "one"} {
		if l := must[agent.Lease](t)(s.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour})); l.Job.Spec.Text != want {
			t.Errorf("claimed %q, want %q", l.Job.Spec.Text, want)
		}
	}
}
