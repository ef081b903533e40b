//go:build !linux

package proc

// Read returns [ErrUnavailable].
func Read(int) (Usage, error) { return Usage{}, ErrUnavailable }
