package gateway

import (
	"strconv"
	"sync/atomic"

	"github.com/starling-realtime/starling/hub"
)

// An idSource makes ids of connections and messages: short strings that no gateway in any life makes twice, because they begin
// with the boot.
type idSource struct {
	prefix string
	last   atomic.Uint64
}

func (s *idSource) init(boot hub.Boot) { s.prefix = strconv.FormatUint(uint64(boot), 36) + "-" }

func (s *idSource) next() string {
	var buf [32]byte
	return string(strconv.AppendUint(append(buf[:0], s.prefix...), s.last.Add(1), 36))
}
