package protocol

import "strconv"

// begin opens an envelope up to its payload.
func begin(typ string, id ID, size int) []byte {
	const punctuation = 64
	b := newFrame(size + len(typ) + len(id) + punctuation)
	b = append(b, `{"type":"`...)
	b = append(b, typ...)
	b = append(b, '"')
	if id != "" {
		b = append(b, `,"id":`...)
		b = append(b, id...)
	}
	return append(b, `,"payload":`...)
}

// end closes an envelope behind its payload.
func end(b []byte, unixMilli int64) []byte { return finish(finText, appendTime(b, unixMilli)) }

// appendTime ends an envelope with its time.
func appendTime(b []byte, unixMilli int64) []byte {
	b = append(b, `,"ts":`...)
	b = strconv.AppendInt(b, unixMilli, 10)
	return append(b, '}')
}
