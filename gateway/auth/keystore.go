package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/starling-realtime/starling/gateway/reload"
)

// KeyStoreOptions configure [OpenKeyStore]. At least one of Files and JWKSURL is required.
type KeyStoreOptions struct {
	// Files hold keys. They are read at once, and again while the store runs.
	Files []KeyFile
	// JWKSURL is where a JWK Set is; https, or http on this machine. It is fetched while the store runs.
	JWKSURL string
	// Client fetches the JWK Set. Default: one that follows redirects to https only.
	Client *http.Client
	// Logger gets what changes and what goes wrong. Default: nothing is logged.
	Logger *slog.Logger
}

// A KeyStore is the keys of files and of a URL, kept up to date while [KeyStore.Run] runs. It is safe for concurrent use.
type KeyStore struct {
	files  *reload.Files[KeySet]
	jwks   *jwks // nil: no URL
	logger *slog.Logger
}

var _ KeySource = (*KeyStore)(nil)

// OpenKeyStore reads the files. The error names what is wrong and holds no part of a key.
func OpenKeyStore(opts KeyStoreOptions) (*KeyStore, error) {
	if len(opts.Files) == 0 && opts.JWKSURL == "" {
		return nil, errors.New("opening the keys of tokens: neither a file nor a URL is given")
	}
	s := &KeyStore{logger: opts.Logger}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	paths := make([]string, len(opts.Files))
	for i, file := range opts.Files {
		paths[i] = file.Path
	}
	var err error
	s.files, err = reload.Open("the keys of tokens", paths, func(contents [][]byte) (KeySet, error) {
		return parseKeyFiles(opts.Files, contents)
	})
	if err != nil {
		return nil, err
	}
	if opts.JWKSURL != "" {
		if s.jwks, err = newJWKS(opts.JWKSURL, opts.Client, s.logger); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func parseKeyFiles(files []KeyFile, contents [][]byte) (KeySet, error) {
	var all KeySet
	for i, content := range contents {
		keys, err := files[i].parse(content)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

// Keys implements [KeySource]. For a kid that no key has, it waits a second at most for the URL to be fetched again.
func (s *KeyStore) Keys(ctx context.Context, kid string) ([]Key, error) {
	files := s.files.Value()
	keys, err := files.Keys(ctx, kid)
	if err != nil || s.jwks == nil || kid != "" && files.names(kid) {
		return keys, err
	}
	fetched, err := s.jwks.Keys(ctx, kid)
	if err != nil && len(keys) > 0 {
		err = nil // a token of the files' keys needs no URL
	}
	return slices.Concat(keys, fetched), err
}

// Run keeps the keys up to date until ctx ends.
func (s *KeyStore) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() { s.files.Run(ctx, s.logger) })
	if s.jwks != nil {
		tasks.Go(func() { s.jwks.run(ctx) })
	}
}

// Reload reads the files now. On an error the keys stay.
func (s *KeyStore) Reload() error {
	_, err := s.files.Check()
	return err
}

// CheckJWKSURL says what is wrong with the address of a JWK Set.
func CheckJWKSURL(address string) error {
	_, err := newJWKS(address, nil, nil)
	return err
}

// String names where the keys come from.
func (s *KeyStore) String() string {
	n := len(s.files.Value())
	if s.jwks == nil {
		return fmt.Sprintf("%d keys in files", n)
	}
	return fmt.Sprintf("%d keys in files, and %s", n, s.jwks.address)
}
