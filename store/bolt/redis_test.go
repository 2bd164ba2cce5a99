package bolt

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisQueue is Redis as a durable queue, for comparison: each job is a hash, an
// entry of the ready list and an event, written by one script, and synced before the
// answer.
type redisQueue struct{ client *redis.Client }

var redisSubmit = redis.NewScript(`
local id = redis.call('INCR', 'last')
redis.call('HSET', 'job:'..id, 'text', ARGV[1], 'repo', ARGV[2], 'base', ARGV[3], 'state', 'queued')
redis.call('RPUSH', 'ready', id)
redis.call('RPUSH', 'events:'..id, 'submitted')
return id`)

// startRedis runs a redis-server of our own for the length of b; nil when there is
// none on this machine.
func startRedis(b *testing.B) *redisQueue {
	b.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		b.Log("not compared with Redis: redis-server is missing")
		return nil
	}
	dir := b.TempDir()
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(server, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c := &redisQueue{redis.NewClient(&redis.Options{Network: "unix", Addr: socket, PoolSize: clients})}
	b.Cleanup(func() {
		_ = c.client.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err = c.client.Ping(b.Context()).Err(); err == nil {
			return c
		}
		if time.Now().After(deadline) {
			b.Fatalf("redis-server does not answer: %v", err)
		}
	}
}

func (c *redisQueue) submit(ctx context.Context) error {
	spec := benchSpec()
	return redisSubmit.Run(ctx, c.client, nil, spec.Text, spec.Repo, spec.Base).Err()
}
