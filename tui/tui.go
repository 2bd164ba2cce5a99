// Package tui is how jobs look on a terminal: the words and symbols of verdicts,
// tables aligned by display width, the card of one job, and the live view that
// follows jobs to their end. It draws any agent.Jobs, whoever implements it.
//
// Nothing here writes to a terminal by itself or asks it anything: text goes to the
// writer it is given, and escape sequences only where the Style says so.
package tui
