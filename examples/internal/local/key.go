package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
)

// newAPIKey makes a key of the HTTP API, and a file that tells it to gateways.
func newAPIKey() (key, path string, err error) {
	f, err := os.CreateTemp("", "starling-example-keys-*")
	if err != nil {
		return "", "", fmt.Errorf("making a file for the API key: %w", err)
	}
	key = rand.Text() + rand.Text()
	_, err = fmt.Fprintf(f, "backend %s\n", key)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", f.Name(), fmt.Errorf("writing the API key: %w", err)
	}
	return key, f.Name(), nil
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
