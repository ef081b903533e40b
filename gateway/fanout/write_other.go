//go:build !unix

package fanout

import "errors"

// canTryWrite says that every connection gets a blocking writer here.
const canTryWrite = false

func writeOnce(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
