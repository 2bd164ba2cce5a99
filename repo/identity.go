package repo

import "sync"

// identity is who git says the person is, asked once.
type identity struct {
	mu    sync.Mutex
	known string // "Name <mail>"
}
