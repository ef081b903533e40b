package gateway

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/starling-realtime/starling/gateway/auth"
)

// mostLeeway bounds the difference of clocks: more would be no difference of clocks any more.
const mostLeeway = 5 * time.Minute

// byToken says that clients are identified by tokens.
func (c *Config) byToken() bool { return len(c.JWTKeyFiles) > 0 || c.JWKSURL != "" }

func (c *Config) validateAuth() error {
	switch {
	case c.Anonymous && len(c.JWTKeyFiles) > 0:
		return errors.New("--anonymous and --jwt-key-file exclude each other: choose how clients are identified")
	case c.Anonymous && c.JWKSURL != "":
		return errors.New("--anonymous and --jwks-url exclude each other: choose how clients are identified")
	case !c.Anonymous && !c.byToken():
		return errors.New("neither --jwt-key-file nor --anonymous is given: " +
			"name the file with the keys of members' tokens (or --jwks-url), or let every client choose its member id with --anonymous")
	case c.Anonymous && c.TokenInQuery:
		return errors.New("--token-in-query has no meaning with --anonymous: there are no tokens")
	case c.Anonymous && (c.JWTIssuer != "" || len(c.JWTAudiences) > 0):
		return errors.New("--jwt-issuer and --jwt-audience have no meaning with --anonymous: there are no tokens")
	}
	return errors.Join(c.validateTokens(), c.validateRules())
}

func (c *Config) validateTokens() error {
	var errs []error
	for _, value := range c.JWTKeyFiles {
		if _, err := auth.ParseKeyFile(value); err != nil {
			errs = append(errs, fmt.Errorf("--jwt-key-file: %w", err))
		}
	}
	if c.JWKSURL != "" {
		if err := auth.CheckJWKSURL(c.JWKSURL); err != nil {
			errs = append(errs, fmt.Errorf("--jwks-url: %w", err))
		}
	}
	if slices.Contains(c.JWTAudiences, "") {
		errs = append(errs, errors.New("--jwt-audience has an empty entry: leave it out instead"))
	}
	errs = append(errs, between("jwt-leeway", c.JWTLeeway, 0, mostLeeway))
	return errors.Join(errs...)
}
