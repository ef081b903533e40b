package link

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
)

// stateOf says what the end of an attempt means.
func stateOf(err error) State {
	refused := (*refusedError)(nil)
	switch {
	case errors.As(err, &refused):
		return stateOfCode(refused.code)
	case errors.Is(err, syscall.ECONNREFUSED):
		return StateRefused
	case errors.Is(err, keyring.ErrWrongBoot):
		return StateWrongBoot
	case isDistrust(err), isRemoteAlert(err), isPlaintext(err):
		return StateUntrusted
	default:
		return StateConnecting
	}
}

func stateOfCode(c code) State {
	switch c {
	case codeVersion:
		return StateVersionMismatch
	case codeWrongBoot:
		return StateWrongBoot
	case codeWrongCluster:
		return StateUntrusted
	case codeStale, codeBusy:
		// These pass by themselves.
		return StateConnecting
	default:
		return StateRejected
	}
}

// isDistrust says that this side did not accept the other's certificate.
func isDistrust(err error) bool {
	return errors.Is(err, keyring.ErrUntrusted) || errors.Is(err, keyring.ErrWrongCluster) ||
		errors.Is(err, keyring.ErrExpired) || errors.Is(err, keyring.ErrNoIdentity)
}

// isRemoteAlert says that the other side ended TLS with an alert: it did not accept our certificate or our offer.
func isRemoteAlert(err error) bool {
	op := (*net.OpError)(nil)
	return errors.As(err, &op) && op.Op == "remote error"
}

// isPlaintext says that the other side does not speak TLS.
func isPlaintext(err error) bool {
	header := tls.RecordHeaderError{}
	return errors.As(err, &header)
}
