package link

// A Reason says why a connection was refused or broken off, for metrics.
type Reason string

const (
	// ReasonPlaintext is a peer that speaks no TLS.
	ReasonPlaintext Reason = "plaintext"
	// ReasonBadKey is a certificate that no key of the cluster signed, or one that is not valid now.
	ReasonBadKey Reason = "bad_key"
	// ReasonNotAccepted is a peer that did not accept this side's certificate: it has other keys, is of another cluster, or
	// wants a boot that used to be at this address.
	ReasonNotAccepted Reason = "not_accepted"
	// ReasonWrongCluster is a peer of another cluster with the same key.
	ReasonWrongCluster Reason = "wrong_cluster"
	// ReasonWrongBoot is a peer that wanted another boot than this one.
	ReasonWrongBoot Reason = "wrong_boot"
	// ReasonVersion is a peer with no protocol version in common.
	ReasonVersion Reason = "version"
	// ReasonBadHello is a hello that cannot be understood.
	ReasonBadHello Reason = "bad_hello"
	// ReasonRejected is a peer that the handler did not want.
	ReasonRejected Reason = "rejected"
	// ReasonStale is a hello that a newer connection of the same sender has overtaken.
	ReasonStale Reason = "stale"
	// ReasonUnknownStream is a sender that must begin anew, because the state of its stream is not held.
	ReasonUnknownStream Reason = "unknown_stream"
	// ReasonBusy is a connection whose predecessor's handler did not return in time.
	ReasonBusy Reason = "busy"
	// ReasonTooMany is a connection over a bound: of handshakes under way or of peers.
	ReasonTooMany Reason = "too_many"
	// ReasonHandshake is a connection that ended, failed or timed out before its hello was complete.
	ReasonHandshake Reason = "handshake"
	// ReasonFrame is a frame that is malformed, too large, out of sequence or of an unknown mandatory kind.
	ReasonFrame Reason = "bad_frame"
	// ReasonHandler is a frame for which the handler returned an error.
	ReasonHandler Reason = "handler"
	// ReasonStuck is the same for a frame that failed so often that its stream must begin anew.
	ReasonStuck Reason = "stuck"
)
