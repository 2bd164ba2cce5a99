package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

// An export is a directory: jobsFile has one exported a line, and each repository's
// results lie in a git bundle.
const jobsFile = "jobs.jsonl"

// exported is one job of an export.
type exported struct {
	header
	Job    agent.Job     `json:"job"`
	Text   string        `json:"text"`
	Raw    []byte        `json:"raw,omitempty"` // the text, when it is not valid UTF-8
	Events []agent.Event `json:"events"`
	Bundle string        `json:"bundle,omitempty"` // file with its results
}

type exportOptions struct {
	*app
	words []string
	dir   string
	json  bool
}

func newExportCmd(a *app) *cobra.Command {
	o := &exportOptions{app: a}
	cmd := &cobra.Command{
		Use:   "export {QUERY | ID...} -o DIR",
		Short: "Write jobs, their histories and results into a directory",
		Long: `Write jobs into a directory that must not be there yet: ` + jobsFile + ` has one job a line with
its text and history, and a git bundle for each repository has the results. "agent import"
reads it, here or on another machine that has the repository.

The environment of the jobs' commands is left out.`,
		Example: "  agent export 12 13 -o handover\n  agent export verdict:verified repo:api limit:500 -o api-jobs",
		Args:    args(1, -1, "a query or a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.words = args
			if o.dir == "" {
				return usageError(cmd, fmt.Errorf("say where to with -o DIR"))
			}
			return runExport(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(anyJob),
	}
	cmd.Flags().StringVarP(&o.dir, "output", "o", "", "the new `directory`")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

type exportDoc struct {
	header
	Dir  string     `json:"dir"`
	Jobs []agent.ID `json:"jobs"`
}

func runExport(ctx context.Context, o *exportOptions) (err error) {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	ids, err := o.chosenJobs(ctx, jobs)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return agent.Errorf(agent.NotFound, "no job matches").WithHint("agent list " + strings.Join(o.words, " "))
	}
	base, err := o.workDir()
	if err != nil {
		return err
	}
	dir := o.dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(base, dir)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return agent.Errorf(agent.Invalid, "cannot write to %s: %w", o.dir, err).WithHint("name a directory that is not there yet, in one that is")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir)) // made above, by this process
		}
	}()
	if err := o.write(ctx, jobs, ids, dir); err != nil {
		return err
	}
	if o.json {
		return o.printJSON(exportDoc{docHeader, dir, ids})
	}
	fmt.Fprintf(o.out, "%s in %s\n", tui.Count(len(ids), "job"), o.dir)
	return nil
}

// chosenJobs returns the ids that the words name, or that the query they are finds,
// the oldest first.
func (o *exportOptions) chosenJobs(ctx context.Context, jobs agent.Jobs) ([]agent.ID, error) {
	if ids, err := jobIDs(o.words); err == nil {
		slices.Sort(ids)
		return ids, nil
	}
	q, err := agent.ParseQuery(strings.Join(o.words, " "))
	if err != nil {
		return nil, err
	}
	found, err := listPages(ctx, jobs, q.Filter, q.Limit == 0)
	var ids []agent.ID
	for _, job := range found {
		ids = append(ids, job.ID)
	}
	slices.Sort(ids)
	return ids, err
}

func (o *exportOptions) write(ctx context.Context, jobs agent.Jobs, ids []agent.ID, dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, jobsFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewWriter(f)
	enc := json.NewEncoder(lines)
	enc.SetEscapeHTML(false)
	defer o.doing("exporting")()
	refs := map[string][]string{} // by repository
	names := map[string]string{}  // of bundles, by repository
	for i, id := range ids {
		o.step(i, len(ids), "exporting")
		job, err := jobs.Job(ctx, id)
		if err != nil {
			return err
		}
		x := exported{header: docHeader, Text: job.Spec.Text}
		if !utf8.ValidString(x.Text) {
			x.Text, x.Raw = "", []byte(x.Text)
		}
		if x.Events, err = historyOf(ctx, jobs, job); err != nil {
			return err
		}
		x.Job = public(job)
		x.Job.Waiting = nil
		for _, v := range job.Variants {
			if v.Commit != "" {
				refs[job.Spec.Repo] = append(refs[job.Spec.Repo], resultRef(job.ID, v.Number))
				if names[job.Spec.Repo] == "" {
					names[job.Spec.Repo] = fmt.Sprintf("results-%d.bundle", len(names)+1)
				}
				x.Bundle = names[job.Spec.Repo]
			}
		}
		if err := enc.Encode(x); err != nil {
			return err
		}
	}
	if err := errors.Join(lines.Flush(), f.Close()); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(refs)) {
		if err := o.bundle(ctx, path, filepath.Join(dir, names[path]), refs[path]); err != nil {
			return err
		}
	}
	return nil
}

func resultRef(id agent.ID, variant int) string {
	return "refs/agent/" + id.String() + "/" + strconv.Itoa(variant)
}

// historyOf reads the events a job has now; one that is not done may get more.
func historyOf(ctx context.Context, jobs agent.Jobs, job agent.Job) ([]agent.Event, error) {
	history := []agent.Event{}
	if job.Events == 0 {
		return history, nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for e, err := range jobs.Events(ctx, job.ID, 0) {
		if err != nil {
			return nil, err
		}
		if history = append(history, e); e.Seq >= job.Events {
			break
		}
	}
	return history, nil
}

func (o *exportOptions) bundle(ctx context.Context, path, file string, refs []string) error {
	set, err := o.repos()
	if err != nil {
		return err
	}
	r, err := set.Open(ctx, path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(r.Bundle(ctx, f, refs...), f.Close())
}

type importOptions struct {
	*app
	dir  string
	into string
	json bool
}

func newImportCmd(a *app) *cobra.Command {
	o := &importOptions{app: a}
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Take in jobs that export wrote",
		Long: `Take in the jobs that "agent export" wrote, with their histories and results, under new
ids. Results can be looked at, applied and branched as before. Jobs that were not done are
held. A directory that was taken in before adds nothing.

Jobs belong to the repository they came from if that is here, else to the one that
--repo names.`,
		Example: "  agent import handover\n  agent import /media/stick/api-jobs --repo ~/src/api",
		Args:    args(1, 1, "the directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = args[0]
			return runImport(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.into, "repo", "", "the `repository` they belong to here")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runImport(ctx context.Context, o *importOptions) error {
	base, err := o.workDir()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(o.dir) {
		o.dir = filepath.Join(base, o.dir)
	}
	if o.into != "" && !filepath.IsAbs(o.into) {
		o.into = filepath.Join(base, o.into)
	}
	all, err := readExport(filepath.Join(o.dir, jobsFile))
	if err != nil {
		return err
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	var taken []agent.Job
	over := o.doing("importing")
	for i, x := range all {
		o.step(i, len(all), "importing")
		job, err := o.take(ctx, jobs, x)
		if err != nil {
			over()
			return agent.Errorf(agent.CodeOf(err), "job %s of %s: %w", x.Job.ID, o.dir, err).WithHint(agent.HintOf(err))
		}
		taken = append(taken, job)
	}
	err = o.results(ctx, all, taken)
	over()
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(newJobsDoc(taken))
	}
	for i, job := range taken {
		fmt.Fprintf(o.out, "job %s is job %s here, %s: %s\n", all[i].Job.ID, job.ID, o.standing(job), oneLine(job.Spec.Title))
	}
	return nil
}

// readExport reads every job before any is taken in, so that a damaged file does nothing.
func readExport(file string) ([]exported, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, agent.Errorf(agent.NotFound, "%s is not there: this is no directory that export wrote", file)
	}
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "the jobs cannot be read: %w", err)
	}
	var all []exported
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var x exported
		err := dec.Decode(&x)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil && x.SchemaVersion > schemaVersion {
			return nil, agent.Errorf(agent.Protocol, "%s was written by a newer agent", file)
		}
		if err != nil || x.Job.ID < 1 {
			return nil, agent.Errorf(agent.Invalid, "line %d of %s is no job: %w", len(all)+1, file, cmp.Or(err, errors.New("it has no id")))
		}
		all = append(all, x)
	}
}

// take stores one job, in the repository that it belongs to here.
func (o *importOptions) take(ctx context.Context, jobs agent.Jobs, x exported) (agent.Job, error) {
	r, err := o.repository(ctx, x.Job)
	if err != nil {
		return agent.Job{}, err
	}
	job := x.Job
	job.Spec.Text, job.Spec.Repo = x.Text, r.Root()
	if len(x.Raw) > 0 {
		job.Spec.Text = string(x.Raw)
	}
	// Not the key it has, which may be that of a job here.
	job.Spec.Key = fmt.Sprintf("import %s %d", job.Created.Format("20060102T150405.000000000"), job.ID)
	conf, err := o.config()
	if err != nil {
		return agent.Job{}, err
	}
	job.Spec.Env = conf.Env(o.environ)
	return jobs.Import(ctx, job, x.Events)
}

func (o *importOptions) repository(ctx context.Context, job agent.Job) (*repo.Repo, error) {
	set, err := o.repos()
	if err != nil {
		return nil, err
	}
	where := job.Spec.Repo
	if o.into != "" {
		where = o.into
	} else if _, err := os.Stat(where); err != nil {
		return nil, agent.Errorf(agent.NotFound, "its repository %s is not here", where).WithHint("agent import " + o.dir + " --repo PATH")
	}
	return set.Open(ctx, where)
}

// results takes in the results of the jobs that are here by now, bundle by bundle. Those
// that a crash kept away come when the directory is taken in again; one that was made
// anew since stays what it is.
func (o *importOptions) results(ctx context.Context, all []exported, taken []agent.Job) error {
	wanted := map[string][]repo.Taken{}
	owner := map[string]agent.Job{}
	for i, x := range all {
		name := filepath.Base(x.Bundle)
		for _, v := range x.Job.Variants {
			now, ok := taken[i].Variant(v.Number)
			if x.Bundle == "" || v.Commit == "" || !ok || now.Commit != v.Commit {
				continue
			}
			wanted[name] = append(wanted[name], repo.Taken{From: resultRef(x.Job.ID, v.Number), Commit: v.Commit, To: resultRef(taken[i].ID, v.Number)})
			owner[name] = x.Job
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := o.unbundle(ctx, name, owner[name], wanted[name]); err != nil {
			return agent.Errorf(agent.CodeOf(err), "the results in %s: %w", name, err).WithHint(agent.HintOf(err))
		}
	}
	return nil
}

func (o *importOptions) unbundle(ctx context.Context, name string, job agent.Job, wanted []repo.Taken) error {
	r, err := o.repository(ctx, job)
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(o.dir, name))
	if err != nil {
		return agent.Errorf(agent.NotFound, "they are not there: %w", err)
	}
	defer f.Close()
	return r.Unbundle(ctx, f, wanted)
}
