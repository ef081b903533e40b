package localcluster

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
)

const (
	// maxLogLine bounds one line of a log; a longer one is broken up.
	maxLogLine = 8 << 10
	// maxLogFile is the size at which a log file becomes the old one, of which there is one.
	maxLogFile = 16 << 20
	// tailLines is how many last lines of a life are remembered for the end: enough for the head of a panic.
	tailLines = 40
)

// A logSink takes what one gateway writes, over all its lives: to a file, to the view, and the last lines to memory. It is safe for
// concurrent use.
type logSink struct {
	name string
	path string
	view View

	mu      sync.Mutex
	file    *os.File
	size    int64
	failed  bool
	partial []byte
	tail    []string
}

// newLogSink appends to a file.
func newLogSink(name, path string, view View) (*logSink, error) {
	s := &logSink{name: name, path: path, view: view}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	return s, nil
}

func (s *logSink) open() error {
	file, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	s.file, s.size = file, info.Size()
	return nil
}

// Write takes a piece of output. It never fails: a gateway must not be ended by a full disk.
func (s *logSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = append(s.partial, p...)
	for {
		end := bytes.IndexByte(s.partial, '\n')
		switch {
		case end >= 0 && end <= maxLogLine:
			s.line(s.partial[:end])
			s.partial = s.partial[end+1:]
		case len(s.partial) > maxLogLine:
			s.line(s.partial[:maxLogLine])
			s.partial = s.partial[maxLogLine:]
		default:
			return len(p), nil
		}
	}
}

// beginLife forgets the last words of an earlier life.
func (s *logSink) beginLife() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tail = nil
}

// endLife takes what a gateway left without a newline.
func (s *logSink) endLife() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.partial) > 0 {
		s.line(s.partial)
		s.partial = nil
	}
}

func (s *logSink) line(raw []byte) {
	text := strings.ToValidUTF8(strings.TrimSuffix(string(raw), "\r"), "\uFFFD")
	s.tail = append(s.tail, text)
	if len(s.tail) > tailLines {
		s.tail = s.tail[1:]
	}
	s.view.Log(s.name, text)
	if err := s.store(text + "\n"); err != nil && !s.failed {
		s.failed = true
		s.view.Event(fmt.Sprintf("writing the log of %s failed, its file is incomplete from here: %v", s.name, err))
	}
}

func (s *logSink) store(text string) error {
	if s.size+int64(len(text)) > maxLogFile {
		if err := s.rotate(); err != nil {
			return err
		}
	}
	n, err := s.file.WriteString(text)
	s.size += int64(n)
	return err
}

func (s *logSink) rotate() error {
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.path, s.path+".1"); err != nil {
		return err
	}
	return s.open()
}

// lastLines returns the newest lines, oldest first.
func (s *logSink) lastLines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.tail...)
}

func (s *logSink) close() error {
	s.endLife()
	return s.file.Close()
}
