package localcluster

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"github.com/starling-realtime/starling/internal/localcluster/lifeline"
)

// keyBytes is the length of a cluster key.
const keyBytes = 32

// A workDir is a directory that only this user can read, with the cluster's key and, unless they go elsewhere, logs.
type workDir struct{ path string }

// newWorkDir makes the directory with a fresh key in it.
func newWorkDir() (workDir, error) {
	path, err := os.MkdirTemp("", lifeline.DirPrefix)
	if err != nil {
		return workDir{}, fmt.Errorf("making a private directory: %w", err)
	}
	dir := workDir{path}
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	text := base64.StdEncoding.EncodeToString(key) + "\n"
	if err := os.WriteFile(dir.keyFile(), []byte(text), 0o600); err != nil {
		_ = dir.remove()
		return workDir{}, fmt.Errorf("writing the cluster key: %w", err)
	}
	return dir, nil
}

func (d workDir) keyFile() string { return filepath.Join(d.path, "mesh-key") }

func (d workDir) remove() error {
	if err := os.RemoveAll(d.path); err != nil {
		return fmt.Errorf("removing the private directory: %w", err)
	}
	return nil
}
