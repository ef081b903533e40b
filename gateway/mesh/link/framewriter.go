package link

import "bufio"

// A frameWriter writes frames; headers are written apart from bodies, so that one body serves many links.
type frameWriter struct {
	bw   *bufio.Writer
	head [headerBytes]byte
	// quiet says that nothing was flushed since the last beat.
	quiet bool
}

// frames writes entries that are numbered from seq.
func (w *frameWriter) frames(batch []entry, seq uint64) error {
	for i := range batch {
		e := &batch[i]
		if err := w.frame(header{length: len(e.body), kind: e.kind, seq: seq + uint64(i)}, e.body); err != nil {
			return err
		}
	}
	return nil
}

func (w *frameWriter) frame(h header, body []byte) error {
	h.put(&w.head)
	if _, err := w.bw.Write(w.head[:]); err != nil {
		return err
	}
	_, err := w.bw.Write(body)
	return err
}

// flush writes what is buffered and reports whether there was anything.
func (w *frameWriter) flush() (bool, error) {
	if w.bw.Buffered() == 0 {
		return false, nil
	}
	return true, w.bw.Flush()
}

func (w *frameWriter) heartbeat() error {
	if err := w.frame(header{kind: kindHeartbeat}, nil); err != nil {
		return err
	}
	return w.bw.Flush()
}
