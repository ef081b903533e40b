package gateway

import (
	"fmt"
	"log/slog"

	"github.com/starling-realtime/starling/gateway/auth"
)

// newAuthenticator makes what the config asks for. The store holds the keys of tokens; nil: there are none.
func newAuthenticator(c Config, logger *slog.Logger) (auth.Authenticator, *auth.KeyStore, error) {
	if err := c.validateAuth(); err != nil {
		return nil, nil, err
	}
	if c.Anonymous {
		return auth.Anonymous{}, nil, nil
	}
	files := make([]auth.KeyFile, len(c.JWTKeyFiles))
	for i, value := range c.JWTKeyFiles {
		file, err := auth.ParseKeyFile(value)
		if err != nil {
			return nil, nil, fmt.Errorf("--jwt-key-file: %w", err)
		}
		files[i] = file
	}
	store, err := auth.OpenKeyStore(auth.KeyStoreOptions{Files: files, JWKSURL: c.JWKSURL, Logger: logger})
	if err != nil {
		return nil, nil, fmt.Errorf("--jwt-key-file: %w", err)
	}
	leeway := c.JWTLeeway
	if leeway == 0 {
		leeway = -1 // none, where 0 would be the package's default
	}
	verifier, err := auth.NewJWT(auth.JWTOptions{
		Keys: store, Leeway: leeway, Issuer: c.JWTIssuer, Audiences: c.JWTAudiences, TokenInQuery: c.TokenInQuery,
	})
	return verifier, store, err
}
