package repo

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// Branch makes the branch name at the result commit in the person's repository, and
// fetches what it lacks of it. HEAD, index, files and every other ref stay as they are.
// The delivery is recorded under id, for Undo.
//
// Invalid: git does not take the name. WrongState: the branch exists, or id has been
// used. NotFound: the commit does not exist.
func (r *Repo) Branch(ctx context.Context, name, commit, id string) error {
	d, err := r.delivery(id)
	if err != nil {
		return err
	}
	if !agent.IsCommitID(commit) {
		return agent.Errorf(agent.Invalid, "%q is no full commit id", commit)
	}
	if err := r.checkBranchName(ctx, name); err != nil {
		return err
	}
	if err := d.takeLock(ctx); err != nil {
		return err
	}
	defer d.lock.release()
	at, err := r.branchAt(ctx, name)
	if err != nil {
		return err
	}
	if at.commit != "" {
		return agent.Errorf(agent.WrongState, "the branch %s exists already, at %.12s", name, at.commit).WithHint("choose another name")
	}
	if err := d.begin(); err != nil {
		return err
	}
	d.journal.How, d.journal.Commit, d.journal.Branch = "branch", commit, rawText(name)
	if err := d.branch(ctx); err != nil {
		return errors.Join(err, d.forget())
	}
	return nil
}

// branch does the work of Branch for a delivery whose directory is there. After an
// error there is no branch.
func (d *delivery) branch(ctx context.Context) error {
	name, commit := string(d.journal.Branch), d.journal.Commit
	if err := d.repo.fetchResult(ctx, commit, d.lock); err != nil {
		return d.repo.explainCommits(ctx, err, commit)
	}
	if err := d.write("journal.applied", stateApplied); err != nil {
		return err
	}
	if err := d.save(stateApplying); err != nil {
		return err
	}
	nothing := strings.Repeat("0", len(commit)) // git: the ref must not exist
	update := d.repo.personGit("update-ref", "-m", "agent: delivery "+d.journal.ID, "refs/heads/"+name, commit, nothing)
	update.hold = d.lock
	if _, err := update.output(ctx); err != nil {
		return agent.Errorf(agent.WrongState, "the branch %s cannot be made: %w", name, err).WithHint("git branch --list")
	}
	if err := d.finish("journal.applied", stateApplied); err != nil {
		return errors.Join(err, d.dropBranch(context.WithoutCancel(ctx)))
	}
	return nil
}

// checkBranchName asks git whether name is one. `@{-1}` and the like are names to
// git, of other branches.
func (r *Repo) checkBranchName(ctx context.Context, name string) error {
	out, err := r.personGit("check-ref-format", "--branch", name).output(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || strings.TrimSuffix(string(out), "\n") != name {
		return agent.Errorf(agent.Invalid, "%q is no name for a branch", name).WithHint("git check-ref-format --help lists the rules")
	}
	return nil
}

// fetchResult brings the objects of commit that the person lacks into their
// repository, and no ref, no tag, no FETCH_HEAD.
func (r *Repo) fetchResult(ctx context.Context, commit string, hold *fileLock) error {
	fetch := r.personGit(
		"-c", "fetch.recurseSubmodules=false", "-c", "fetch.writeCommitGraph=false", "-c", "protocol.file.allow=always", "-c", "core.fsync=committed",
		"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-prune", "--no-recurse-submodules",
		"--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack",
		filepath.ToSlash(r.mirror.git), commit,
	)
	fetch.hold = hold
	_, err := fetch.output(ctx)
	return err
}

// branchState is where a branch points, and the work tree that has it checked out.
type branchState struct{ commit, worktree string }

// branchAt returns the zero state for a branch that does not exist.
func (r *Repo) branchAt(ctx context.Context, name string) (branchState, error) {
	ref := "refs/heads/" + name
	out, err := r.personGit("for-each-ref", "--format=%(refname)%00%(objectname)%00%(worktreepath)", ref).output(ctx)
	if err != nil {
		return branchState{}, err
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(fields) == 3 && fields[0] == ref { // git lists what lies below ref, too
			return branchState{fields[1], fields[2]}, nil
		}
	}
	return branchState{}, nil
}

// undoBranch is Undo for a branch.
func (d *delivery) undoBranch(ctx context.Context) error {
	if err := d.write("journal.undone", stateUndone); err != nil {
		return err
	}
	if err := d.dropBranch(ctx); err != nil {
		return err
	}
	return d.finish("journal.undone", stateUndone)
}

// dropBranch deletes the branch if it still is what was delivered. One that is gone
// is fine.
func (d *delivery) dropBranch(ctx context.Context) error {
	name, commit := string(d.journal.Branch), d.journal.Commit
	at, err := d.repo.branchAt(ctx, name)
	switch {
	case err != nil:
		return err
	case at.commit == "":
		return nil
	case at.commit != commit:
		return agent.Errorf(agent.Blocked, "the branch %s has moved on to %.12s since", name, at.commit).WithHint("git branch -D " + name + " deletes it with those commits")
	case at.worktree != "":
		return agent.Errorf(agent.Blocked, "the branch %s is checked out in %s", name, at.worktree).WithHint("git -C " + quote(at.worktree) + " switch -")
	}
	remove := d.repo.personGit("update-ref", "-d", "refs/heads/"+name, commit)
	remove.hold = d.lock
	_, err = remove.output(ctx)
	return err
}
