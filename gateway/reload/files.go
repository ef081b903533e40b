package reload

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is the time between two looks at the files in [Files.Run]. A mounted Secret takes up to a minute to change, so a shorter one
// would not help.
const Interval = 5 * time.Second

// MaxBytes bounds one file, so that a wrong path is not read into memory.
const MaxBytes = 256 << 10

// Files is a value made of the content of files. Its methods are safe for concurrent use.
type Files[T any] struct {
	what  string
	paths []string
	parse func(contents [][]byte) (T, error)

	value    atomic.Pointer[T]
	failures atomic.Uint64

	mu       sync.Mutex // held while the files are read
	contents [][]byte
	failed   string // the last error that was logged
}

// Open reads the files, in order, and makes the first value; what names them in errors and logs. An error of parse should name the file,
// and must not hold any of its content.
func Open[T any](what string, paths []string, parse func(contents [][]byte) (T, error)) (*Files[T], error) {
	f := &Files[T]{what: what, paths: slices.Clone(paths), parse: parse}
	if _, err := f.Check(); err != nil {
		return nil, err
	}
	return f, nil
}

// Value returns the last good value.
func (f *Files[T]) Value() T { return *f.value.Load() }

// Failures is how often the files could not be used since they were opened.
func (f *Files[T]) Failures() uint64 { return f.failures.Load() }

// Check reads the files and replaces the value if their content has changed. On an error the value stays.
func (f *Files[T]) Check() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	contents := make([][]byte, len(f.paths))
	for i, path := range f.paths {
		if contents[i], err = read(path); err != nil {
			f.failures.Add(1)
			return false, fmt.Errorf("reading %s: %w", f.what, err)
		}
	}
	if f.value.Load() != nil && slices.EqualFunc(contents, f.contents, bytes.Equal) {
		return false, nil
	}
	value, err := f.parse(contents)
	if err != nil {
		f.failures.Add(1)
		return false, fmt.Errorf("reading %s: %w", f.what, err)
	}
	f.value.Store(&value)
	f.contents = contents
	return true, nil
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes: that is another file", path, MaxBytes)
	}
	return content, nil
}

// Run looks at the files every [Interval] until ctx ends, and logs what changes and what goes wrong, each error once.
func (f *Files[T]) Run(ctx context.Context, logger *slog.Logger) {
	if len(f.paths) == 0 {
		return
	}
	ticker := time.NewTicker(Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.checkAndLog(logger)
		}
	}
}

func (f *Files[T]) checkAndLog(logger *slog.Logger) {
	changed, err := f.Check()
	switch {
	case err != nil && err.Error() != f.failed:
		f.failed = err.Error()
		logger.Error("files have changed and cannot be used: what they held before stays", "what", f.what, "error", err)
	case err == nil && f.failed != "":
		f.failed = ""
		logger.Info("files can be used again", "what", f.what)
	case changed:
		logger.Info("files have changed", "what", f.what)
	}
}
