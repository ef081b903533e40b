package fanout

import "time"

// An instant is a monotonic time since the pool's start, a third of the size of a time.Time; 0 is "not set".
type instant int64

func (p *Pool) now() instant { return instant(time.Since(p.start)) + 1 }

func (p *Pool) instant(t time.Time) instant { return max(1, instant(t.Sub(p.start))+1) }

func (p *Pool) time(i instant) time.Time { return p.start.Add(time.Duration(i - 1)) }

func (i instant) add(d time.Duration) instant { return i + instant(d) }

func (i instant) sub(j instant) time.Duration { return time.Duration(i - j) }
