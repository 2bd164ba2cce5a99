package repo

// Repo is one work tree of a person's repository, and the mirror we keep for it.
// It is safe for concurrent use. What it knows is what Open found: a caller that
// keeps it for long opens it again.
type Repo struct {
	set      *Set
	found    location
	mirror   *mirror
	settings settings
	stamps   []stamp
	identity identity
}

// Root returns the top of the work tree.
func (r *Repo) Root() string { return r.found.root }

// Mirror returns our bare mirror: results are refs/agent/<job>/<variant> in it.
func (r *Repo) Mirror() string { return r.mirror.git }
