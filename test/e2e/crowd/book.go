package crowd

import (
	"sync"
	"time"
)

// messageType is the event's name.
const messageType = "number"

// said is a payload.
type said struct {
	Number int `json:"n"`
}

// book is what one channel's publisher has said. A number is used once.
type book struct {
	mu      sync.Mutex
	hold    bool
	entries []entry
	open    int // begun and not finished
}

// entry is one publish.
type entry struct {
	at       time.Time // when it was accepted
	accepted bool
	mid      string
	err      error
}

// begin returns the next number; false: not now.
func (b *book) begin() (number int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hold {
		return 0, false
	}
	b.entries = append(b.entries, entry{})
	b.open++
	return len(b.entries) - 1, true
}

func (b *book) finish(number int, mid string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	b.entries[number] = entry{at: time.Now(), accepted: err == nil, mid: mid, err: err}
}

func (b *book) pause(hold bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = hold
}

// page returns the entries from a number on, and how many publishes have no answer yet.
func (b *book) page(from int) (entries []entry, open int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(entries, b.entries[from:]...), b.open
}

func (b *book) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}
