package link

import (
	"strings"

	"github.com/starling-realtime/starling/hub"
)

const (
	replyCode uint16 = iota + 1
	replyText
	replyBoot
	replyVersions
	replyVersion
	replyFeatures
	replyApplied
	replyNode
	replyAdvertise
	replyAppVersion
	replyKnown
)

// A code is the receiver's verdict on a hello. Codes are part of the wire format: never renumber them.
type code uint16

const (
	codeOK code = iota
	codeVersion
	codeWrongCluster
	codeWrongBoot
	codeBadHello
	codeRejected
	codeStale
	codeBusy
	codeTooMany
	// codeUnknownStream is no refusal of the peer: it must begin a new stream.
	codeUnknownStream
)

// A reply is the receiver's answer to a hello.
type reply struct {
	code code
	// text says why, for people, when code is not codeOK.
	text                        string
	boot                        hub.Boot
	node, advertise, appVersion string
	versions                    VersionRange
	version                     uint16
	features                    uint64
	// known says that the receiver has the stream from an earlier connection; applied is the last frame that it applied.
	known   bool
	applied uint64
}

func (p *reply) encode() []byte {
	w := newFieldWriter(replyMagic)
	w.uint16(replyCode, uint16(p.code))
	w.text(replyText, clip(p.text, maxRefusal))
	w.uint64(replyBoot, uint64(p.boot))
	w.text(replyNode, p.node)
	w.text(replyAdvertise, p.advertise)
	w.text(replyAppVersion, p.appVersion)
	w.versions(replyVersions, p.versions)
	w.uint16(replyVersion, p.version)
	w.uint64(replyFeatures, p.features)
	w.bool(replyKnown, p.known)
	w.uint64(replyApplied, p.applied)
	return w.message()
}

// clip shortens a text to at most bound bytes of UTF-8.
func clip(s string, bound int) string {
	if len(s) > bound {
		s = s[:bound]
	}
	return strings.ToValidUTF8(s, "")
}

func parseReply(b []byte) (*reply, error) {
	f, err := parseFields(b)
	if err != nil {
		return nil, err
	}
	r := &fieldReader{f: f}
	p := &reply{
		code: code(r.uint16(replyCode)), text: r.text(replyText, maxRefusal), boot: hub.Boot(r.uint64(replyBoot)),
		node: r.text(replyNode, maxText), advertise: r.text(replyAdvertise, maxText), appVersion: r.text(replyAppVersion, maxText),
		versions: r.versions(replyVersions), version: r.uint16(replyVersion), features: r.uint64(replyFeatures),
		known: r.bool(replyKnown), applied: r.uint64(replyApplied),
	}
	if !r.has(replyCode) {
		r.fail(errMalformed)
	}
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}
