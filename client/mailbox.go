package client

import (
	"context"
	"sync"
)

// A spill takes what finds no room in a mailbox, and makes something bounded of it.
type spill[T any] interface {
	add(item T)
	take() []T
}

// A mailbox hands items to a program one at a time and in order, without ever making the sender wait. It has a goroutine only
// while there are items.
type mailbox[T any] struct {
	tasks *sync.WaitGroup
	sink  func(ctx context.Context, item T) // what may take long
	size  func(item T) int
	most  int             // bytes
	ctx   context.Context // when it ends, what waits is dropped and nothing is taken any more

	mu      sync.Mutex
	items   []T
	bytes   int
	spilled bool
	spill   spill[T]
	running bool
}

// push adds an item. Over the bound it goes to the spill, and so does everything after it until the program has taken what waits.
// One item always has room.
func (m *mailbox[T]) push(item T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.size(item)
	switch {
	case m.ctx.Err() != nil:
		return
	case m.spilled, len(m.items) > 0 && m.bytes+n > m.most:
		m.spilled = true
		m.spill.add(item)
	default:
		m.items = append(m.items, item)
		m.bytes += n
	}
	if !m.running {
		m.running = true
		m.tasks.Go(m.run)
	}
}

func (m *mailbox[T]) run() {
	for {
		item, ok := m.next()
		if !ok {
			return
		}
		m.sink(m.ctx, item)
	}
}

// next returns the next item, or says that the goroutine is over.
func (m *mailbox[T]) next() (item T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.items) == 0 && m.spilled {
		m.items, m.spilled = m.spill.take(), false
		for _, i := range m.items {
			m.bytes += m.size(i)
		}
	}
	if len(m.items) == 0 || m.ctx.Err() != nil {
		m.running, m.items = false, nil
		return item, false
	}
	item = m.items[0]
	var none T
	m.items[0] = none // for the garbage collector
	m.items = m.items[1:]
	m.bytes -= m.size(item)
	return item, true
}
