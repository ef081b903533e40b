package gateway

// A bucket is a leaky bucket of 16 bytes, where a rate.Limiter for each connection would take five times that. The zero value
// is empty. It is not safe for concurrent use.
type bucket struct {
	level float32
	last  int64 // when the level was right, in milliseconds of the gateway's clock
}

// take adds one to a bucket that holds burst and leaks perSecond. It returns how many milliseconds are missing until there
// is room; 0: it was added. Only then the level is written anew: a full bucket that is asked again and again must not lose what
// leaks between two calls to rounding.
func (b *bucket) take(nowMs int64, burst, perSecond int) (waitMs int64) {
	leaked := float32(nowMs-b.last) * float32(perSecond) / 1000
	level := max(0, b.level-leaked)
	if over := level + 1 - float32(burst); over > 0 {
		return 1 + int64(over*1000/float32(perSecond))
	}
	b.level, b.last = level+1, nowMs
	return 0
}

// pour adds an amount however full the bucket is, and returns how many milliseconds it was over burst before: who waits for so
// long first pours perSecond on average, after burst. The bucket is never fuller than what leaks in a second.
func (b *bucket) pour(nowMs int64, amount, burst, perSecond int) (waitMs int64) {
	leaked := float32(nowMs-b.last) * float32(perSecond) / 1000
	b.level, b.last = max(0, b.level-leaked), nowMs
	if over := b.level - float32(burst); over > 0 {
		waitMs = 1 + int64(over*1000/float32(perSecond))
	}
	b.level = min(b.level+float32(amount), float32(burst+perSecond))
	return waitMs
}
