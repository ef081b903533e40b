package gateway

import (
	"sync"

	"github.com/starling-realtime/starling/gateway/apikey"
)

// An apiPace paces what each API key publishes, by its name, as [session.awaitPace] paces a connection: a burst would fill the queues of
// everybody in its channels.
type apiPace struct {
	mu   sync.Mutex
	said map[string]*bucket
}

// wait counts what a key sends, and returns for how many milliseconds its caller should pause, since others cannot be expected to read so
// much: see [Gateway.pace].
func (p *apiPace) wait(g *Gateway, key string, bytes int) (waitMs int64) {
	burst := apiBursts * max(g.cfg.Limits.SendQueueBytes, leastPace)
	return p.pour(key, g.clock(), bytes, burst)
}

// apiBursts is how many connections' worth a key may send: a backend speaks for many, and to many channels.
const apiBursts = 8

func (p *apiPace) pour(key string, nowMs int64, bytes, burst int) (waitMs int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.said[key]
	if b == nil {
		if p.said == nil || len(p.said) >= 2*apikey.MaxKeys {
			p.said = make(map[string]*bucket) // without those of keys that were replaced since
		}
		b = new(bucket)
		p.said[key] = b
	}
	return b.pour(nowMs, bytes, burst, pacePerSecond*burst)
}
