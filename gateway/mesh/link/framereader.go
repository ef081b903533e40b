package link

import (
	"bufio"
	"io"
)

// bufferBytes is the size of a link's buffers for frames, in bytes.
const bufferBytes = 64 << 10

// A frameReader reads frames without copying those that fit its buffer.
type frameReader struct {
	br    *bufio.Reader
	bound int
	// beforeWait is called before a read that may wait for the peer.
	beforeWait func()
	// used is the length of the last frame, which is still in the buffer because its body is in use.
	used int
}

func newFrameReader(r io.Reader, size, bound int, beforeWait func()) *frameReader {
	return &frameReader{br: bufio.NewReaderSize(r, size), bound: bound, beforeWait: beforeWait}
}

// next returns the next frame. The body is valid until the next call. Errors that are not the connection's are frameErrors.
func (r *frameReader) next() (header, []byte, error) {
	if _, err := r.br.Discard(r.used); err != nil {
		return header{}, nil, err
	}
	r.used = 0
	b, err := r.peek(headerBytes)
	if err != nil {
		return header{}, nil, err
	}
	h, err := parseHeader(b, r.bound)
	if err != nil {
		return header{}, nil, &frameError{err}
	}
	total := headerBytes + h.length
	if total > r.br.Size() {
		return r.large(h)
	}
	if b, err = r.peek(total); err != nil {
		return header{}, nil, err
	}
	r.used = total
	return h, b[headerBytes:], nil
}

// large reads a frame that does not fit the buffer into memory of its own. Such frames are rare.
func (r *frameReader) large(h header) (header, []byte, error) {
	if _, err := r.br.Discard(headerBytes); err != nil {
		return header{}, nil, err
	}
	r.beforeWait()
	body := make([]byte, h.length)
	if _, err := io.ReadFull(r.br, body); err != nil {
		return header{}, nil, err
	}
	return h, body, nil
}

func (r *frameReader) peek(n int) ([]byte, error) {
	if r.br.Buffered() < n {
		r.beforeWait()
	}
	return r.br.Peek(n)
}

// A frameError is a frame that breaks the protocol.
type frameError struct{ err error }

func (e *frameError) Error() string { return e.err.Error() }
func (e *frameError) Unwrap() error { return e.err }
