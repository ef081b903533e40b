package link

import (
	"fmt"

	"github.com/starling-realtime/starling/hub"
)

// The tags of hello and reply are part of the wire format: never renumber them.
const (
	helloVersions uint16 = iota + 1
	helloFeatures
	helloCluster
	helloBoot
	helloReceiver
	helloNode
	helloAdvertise
	helloAppVersion
	helloStream
	helloFirst
	helloNext
	helloFresh
	helloPublished
	helloInstance
	helloAttempt
)

// A hello is what a sender says first.
type hello struct {
	versions                    VersionRange
	features                    uint64
	cluster                     string
	boot, receiver              hub.Boot
	node, advertise, appVersion string
	// stream is the stream's id; first is the oldest frame that the sender still has, next the one that it will number next.
	stream, first, next uint64
	// fresh says that no frame of the stream was ever sent, so that a receiver that does not know it may begin it.
	fresh     bool
	published bool
	// instance names the Sender and attempt its connection, so that a hello that comes late does not supplant a newer one.
	instance, attempt uint64
}

func (h *hello) encode() []byte {
	w := newFieldWriter(helloMagic)
	w.versions(helloVersions, h.versions)
	w.uint64(helloFeatures, h.features)
	w.text(helloCluster, h.cluster)
	w.uint64(helloBoot, uint64(h.boot))
	w.uint64(helloReceiver, uint64(h.receiver))
	w.text(helloNode, h.node)
	w.text(helloAdvertise, h.advertise)
	w.text(helloAppVersion, h.appVersion)
	w.uint64(helloStream, h.stream)
	w.uint64(helloFirst, h.first)
	w.uint64(helloNext, h.next)
	w.bool(helloFresh, h.fresh)
	w.bool(helloPublished, h.published)
	w.uint64(helloInstance, h.instance)
	w.uint64(helloAttempt, h.attempt)
	return w.message()
}

// parseHello decodes a hello's fields. Only the versions must be there: what else must be depends on the version that is
// agreed on, see complete.
func parseHello(b []byte) (*hello, error) {
	f, err := parseFields(b)
	if err != nil {
		return nil, err
	}
	r := &fieldReader{f: f}
	h := &hello{
		versions: r.versions(helloVersions), features: r.uint64(helloFeatures),
		cluster: r.text(helloCluster, maxText),
		boot:    hub.Boot(r.uint64(helloBoot)), receiver: hub.Boot(r.uint64(helloReceiver)),
		node: r.text(helloNode, maxText), advertise: r.text(helloAdvertise, maxText), appVersion: r.text(helloAppVersion, maxText),
		stream: r.uint64(helloStream), first: r.uint64(helloFirst), next: r.uint64(helloNext),
		fresh: r.bool(helloFresh), published: r.bool(helloPublished),
		instance: r.uint64(helloInstance), attempt: r.uint64(helloAttempt),
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := h.versions.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return h, nil
}

// complete checks what version 1 needs.
func (h *hello) complete() error {
	switch {
	case h.boot == 0:
		return fmt.Errorf("%w: no boot", errMalformed)
	case h.stream == 0:
		return fmt.Errorf("%w: no stream", errMalformed)
	case h.instance == 0 || h.attempt == 0:
		return fmt.Errorf("%w: no instance or attempt", errMalformed)
	case h.first == 0 || h.next < h.first:
		return fmt.Errorf("%w: first frame %d and next frame %d, want 1 <= first <= next", errMalformed, h.first, h.next)
	case h.fresh && h.first != 1:
		return fmt.Errorf("%w: a fresh stream begins with frame %d, want 1", errMalformed, h.first)
	}
	return nil
}

func (h *hello) peer(addr string, version uint16, features uint64) *Peer {
	return &Peer{
		Boot: h.boot, Node: h.node, Advertise: h.advertise, AppVersion: h.appVersion, Published: h.published,
		Addr: addr, Version: version, Features: features,
	}
}
