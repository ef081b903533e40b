package fanout

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// A Socket is the write side of one connection. Its methods are safe for concurrent use and never block.
//
// Only one goroutine writes at a time: who makes the shard's pass, or, while the socket is owned, one of its own (see catchup.go).
// Everybody else changes the queue and the state and marks the socket dirty. Locks are taken in the order pass, socket, shard, room.
type Socket struct {
	shard      *shard
	conn       net.Conn
	raw        syscall.RawConn // nil: not plain TCP, so writes block
	opts       SocketOptions
	prev, next *Socket // the shard's list

	mu    sync.Mutex
	queue queue
	state state
	dirty bool // in the shard's dirty list
	owned bool // written by a goroutine of its own; its bytes count as refused
	over  bool // a cause of lag: over MaxQueueBytes, and the kernel does not refuse

	// refusedSince is when the kernel began to refuse, or when the blocking write under way began; 0: neither.
	refusedSince instant

	ending
	notices
}

type state uint8

const (
	open    state = iota
	closing       // takes no more frames; what is queued is written, then half-closed
	closed        // the connection is closed, or is about to be by the notifier
)

// Enqueue queues one complete frame, header and payload. The frame is shared, not copied: it must never be modified
// afterwards. Frames are written in the order of the calls. The error is [ErrClosed] or [ErrQueueFull]; the frame
// was not taken then. An empty frame is ignored.
func (s *Socket) Enqueue(frame []byte) error {
	if len(frame) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return ErrClosed
	}
	if s.queue.bytes+len(frame) > s.shard.pool.opts.MaxQueueBytes && !s.admit(len(frame)) {
		return ErrQueueFull
	}
	s.push(frame)
	return nil
}

// QueuedBytes returns how much waits to be handed to the kernel.
func (s *Socket) QueuedBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.bytes
}

// admit decides about a frame over MaxQueueBytes: see the package comment. When it refuses, the socket is being closed.
func (s *Socket) admit(size int) bool {
	pool := s.shard.pool
	refused, lasting := s.refusedSince != 0, false
	if refused {
		lasting = pool.now().sub(s.refusedSince) >= pool.opts.BurstGrace
		refused = lasting || s.raw != nil // a blocking write that has just begun tells nothing yet
	}
	tooMuch := s.queue.bytes+size > pool.opts.HardQueueBytes
	switch {
	case lasting, refused && tooMuch:
		s.giveUp(ReasonOverflow)
	case tooMuch:
		s.giveUp(ReasonOverrun)
	default:
		if !s.owned && !s.over {
			s.over = true
			pool.room.raise()
		}
		return true
	}
	pool.metrics.drop(s.reason, 1, size)
	return false
}

// push queues a frame, whatever the bounds. The lock is held.
func (s *Socket) push(frame []byte) {
	s.markDirty() // first: it brings a slice for the queue
	s.queue.push(frame)
	if s.owned {
		s.shard.refused.Add(int64(len(frame)))
	} else {
		s.shard.add(len(frame))
	}
}

func (s *Socket) markDirty() {
	if !s.dirty && !s.owned {
		s.dirty = true
		s.shard.push(s)
	}
}

// peek returns the next bytes to write, at most cap(scratch) unless a single frame is longer. The lock is held.
func (s *Socket) peek(scratch []byte) []byte {
	if s.trimDue {
		s.trimDue = false
		frames, bytes := s.queue.trim()
		s.discount(bytes)
		s.shard.pool.metrics.drop(s.reason, frames, bytes)
		if frame := s.slowFrame(); len(frame) > 0 {
			s.push(frame)
		}
	}
	return s.queue.peek(scratch)
}

func (s *Socket) slowFrame() []byte {
	if s.opts.SlowFrame != nil {
		return s.opts.SlowFrame
	}
	return s.shard.pool.opts.SlowFrame
}

// wrote notes that n bytes from peek are written, and returns how many frames that completed. The lock is held.
func (s *Socket) wrote(n int) int {
	frames := s.queue.advance(n)
	s.discount(n)
	return frames
}

// discount notes that n bytes no longer wait. The lock is held.
func (s *Socket) discount(n int) {
	if s.owned {
		s.shard.refused.Add(int64(-n))
	} else {
		s.shard.queued.Add(int64(-n))
		s.shard.relax()
	}
	if s.queue.bytes <= s.shard.pool.opts.MaxQueueBytes/2 {
		s.notOver()
	}
}

func (s *Socket) notOver() {
	if s.over {
		s.over = false
		s.shard.pool.room.lower()
	}
}

// own hands the write side to a goroutine of the socket's own. The lock is held, by the shard.
func (s *Socket) own() {
	s.owned = true
	s.notOver()
	s.shard.queued.Add(int64(-s.queue.bytes))
	s.shard.refused.Add(int64(s.queue.bytes))
	s.shard.relax()
	s.shard.pool.metrics.catchingUp.Add(1)
	s.shard.pool.wg.Go(s.catchUp)
}

// handBack ends that. The queue is empty, or the socket closed. The lock is held.
func (s *Socket) handBack() {
	s.owned = false
	s.refusedSince = 0
	s.queue.release()
	s.shard.pool.metrics.catchingUp.Add(-1)
	if s.raw != nil {
		_ = s.conn.SetWriteDeadline(time.Time{}) // or the shard's next try would fail; a closed connection does anyway
	}
}
