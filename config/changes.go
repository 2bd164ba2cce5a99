package config

import (
	"cmp"
	"maps"
	"slices"
)

// Change is one setting that differs between two configurations.
type Change struct {
	Key      Key
	From, To string // in the form that Set takes; "" where it is not set
}

// Changes returns what differs from one configuration to another, by name.
func Changes(from, to *Config) []Change {
	all := map[string]Change{}
	for _, v := range from.Values() {
		all[v.Key.Name] = Change{Key: v.Key, From: v.Text}
	}
	for _, v := range to.Values() {
		c := all[v.Key.Name]
		c.Key, c.To = v.Key, v.Text
		all[v.Key.Name] = c
	}
	changes := slices.DeleteFunc(slices.Collect(maps.Values(all)), func(c Change) bool { return c.From == c.To })
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key.Name, b.Key.Name) })
	return changes
}
