package crowd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/starling-realtime/starling/client"
)

// errAway is why somebody who vanished does not connect.
var errAway = errors.New("this client stays away")

// person is one client with what it saw.
type person struct {
	name, channel string
	publishes     bool
	book          *book // of the channel
	ear           *ear
	trip          *trip

	client *client.Client
	room   *client.Channel

	mu    sync.Mutex
	away  bool
	conns map[net.Conn]struct{}
}

func newPerson(name, channel string, b *book, publishes bool) *person {
	t := &trip{}
	return &person{
		name: name, channel: channel, publishes: publishes, book: b, ear: newEar(t.moving), trip: t, conns: map[net.Conn]struct{}{},
	}
}

func (p *person) enter(ctx context.Context, cfg Config) error {
	var err error
	p.client, err = client.Connect(ctx, cfg.URL, client.Options{
		Member: p.name, DialContext: p.dial, Backoff: cfg.Backoff, OnStatus: p.trip.note,
		Logger: slog.New(journal{p.trip}),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.room, err = p.client.Join(ctx, p.channel, client.JoinOptions{OnEvent: p.ear.hear})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

func (p *person) close() {
	if p.client != nil {
		_ = p.client.Close()
	}
}

func (p *person) gateway() string {
	if p.client == nil {
		return ""
	}
	return p.client.Gateway()
}

// publish says one number after the other until ctx ends, each when the one before was accepted. What is under way at the end is
// waited for, so that no publish is left of which nobody knows whether it was accepted.
func (p *person) publish(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		number, ok := p.book.begin()
		if !ok {
			continue
		}
		one, cancel := context.WithTimeout(context.Background(), time.Minute)
		mid, err := p.room.Publish(one, messageType, said{Number: number}, client.PublishOptions{})
		cancel()
		p.book.finish(number, mid, err)
	}
}

// dial opens connections that cut can break.
func (p *person) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.vanished() {
		return nil, errAway
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &cuttable{Conn: conn, person: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
	return c, nil
}

type cuttable struct {
	net.Conn
	person *person
}

func (c *cuttable) Close() error {
	c.person.mu.Lock()
	delete(c.person.conns, c)
	c.person.mu.Unlock()
	return c.Conn.Close()
}

func (p *person) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.(*cuttable).Conn.Close()
	}
}

func (p *person) stayAway() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
}

func (p *person) vanished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}
