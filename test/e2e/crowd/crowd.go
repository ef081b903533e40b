package crowd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/starling-realtime/starling/client"
)

// A Config says how large the crowd is. All clients of a channel see each other; one of them publishes.
type Config struct {
	URL      string
	Clients  int
	Channels int
	// Every is the time between two publishes of one publisher.
	Every time.Duration
	// Arrivals is how many clients may be connecting at a time, at first.
	Arrivals int
	// Backoff is the clients'.
	Backoff client.Backoff
}

// A Crowd is connected from [Start] until [Crowd.Close].
type Crowd struct {
	cfg    Config
	people []*person
	ctx    context.Context
	end    context.CancelFunc
	tasks  sync.WaitGroup
}

// Start connects everybody, waits until each is in its channel and begins to publish.
func Start(ctx context.Context, cfg Config) (*Crowd, error) {
	c := &Crowd{cfg: cfg}
	c.ctx, c.end = context.WithCancel(context.Background())
	books := make([]*book, cfg.Channels)
	for i := range cfg.Clients {
		channel := i % cfg.Channels
		if books[channel] == nil {
			books[channel] = &book{}
		}
		c.people = append(c.people, newPerson(fmt.Sprintf("m-%04d", i), fmt.Sprintf("room:%03d", channel), books[channel], i < cfg.Channels))
	}
	turns := make(chan struct{}, max(cfg.Arrivals, 1))
	errs := make([]error, len(c.people))
	var arrivals sync.WaitGroup
	for i, p := range c.people {
		arrivals.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			errs[i] = p.enter(ctx, cfg)
		})
	}
	arrivals.Wait()
	if err := errors.Join(errs...); err != nil {
		c.Close()
		return nil, err
	}
	if err := await(ctx, c.Complete); err != nil {
		c.Close()
		return nil, err
	}
	for _, p := range c.people {
		if p.publishes {
			c.tasks.Go(func() { p.publish(c.ctx, cfg.Every) })
		}
	}
	return c, nil
}

// Close ends everybody and returns when nothing runs any more.
func (c *Crowd) Close() {
	c.end()
	c.tasks.Wait()
	var all sync.WaitGroup
	for _, p := range c.people {
		all.Go(p.close)
	}
	all.Wait()
}

// Gateways tells how many clients each gateway has; those without a connection are under "".
func (c *Crowd) Gateways() map[string]int {
	found := map[string]int{}
	for _, p := range c.people {
		found[p.gateway()]++
	}
	return found
}

// Connected says why not everybody who did not vanish has a connection, and is nil if they have.
func (c *Crowd) Connected() error {
	missing, example := 0, ""
	for _, p := range c.people {
		if !p.vanished() && p.gateway() == "" {
			missing++
			example = p.name
		}
	}
	if missing == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d clients have no connection, %s among them", missing, len(c.people), example)
}

// Complete says why not everybody was told of everybody who did not vanish in its channel, and is nil if they were.
func (c *Crowd) Complete() error {
	there := map[string]int{}
	for _, p := range c.people {
		if !p.vanished() {
			there[p.channel]++
		}
	}
	for _, p := range c.people {
		if n := p.ear.sees(); !p.vanished() && n != there[p.channel] {
			return fmt.Errorf("%s sees %d members in %s, of %d", p.name, n, p.channel, there[p.channel])
		}
	}
	return nil
}

// await tries until a check passes or ctx ends.
func await(ctx context.Context, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Vanish makes some of a gateway's clients that publish nothing stay away for good once their connection ends.
func (c *Crowd) Vanish(gateway string, most int) []string {
	var names []string
	for _, p := range c.people {
		if len(names) < most && !p.publishes && p.gateway() == gateway {
			p.stayAway()
			names = append(names, p.name)
		}
	}
	return names
}

// Cut breaks the connections of all clients of a gateway, as a network does, and returns how many clients that were.
func (c *Crowd) Cut(gateway string) int {
	n := 0
	for _, p := range c.people {
		if p.gateway() == gateway {
			p.cut()
			n++
		}
	}
	return n
}
