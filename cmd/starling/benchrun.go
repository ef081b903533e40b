package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/gateways"
)

// run measures one scenario, on gateways of its own if none are named.
func (f *benchFlags) run(ctx context.Context, std streams, scenario bench.Scenario, gatewayFlags []string) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program's own file: %w", err)
	}
	progress, done := newProgress(std)
	opts := bench.Options{
		Scenario: scenario, Loader: []string{program, "bench", benchLoad}, Loaders: f.loaders,
		WarmUp: f.warmUp, Duration: f.duration, Progress: progress,
		Server: bench.Server{Name: "starling", Dialect: dialectStarling, Addresses: f.addresses, PIDs: f.pids, Admin: f.admin},
	}
	if len(f.addresses) == 0 {
		stop, err := f.start(ctx, program, &opts, gatewayFlags)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	} else if f.keyFile != "" {
		if opts.Server.TokenKey, err = os.ReadFile(f.keyFile); err != nil {
			return fmt.Errorf("--jwt-key-file: %w", err)
		}
	}
	report, err := bench.Run(ctx, opts)
	done()
	if err != nil {
		return err
	}
	return f.show(std, report)
}

// start starts gateways whose bounds are no obstacle to the scenario.
func (f *benchFlags) start(ctx context.Context, program string, opts *bench.Options, extra []string) (stop func() error, err error) {
	n := f.gateways
	if n == 0 {
		n = opts.Scenario.Gateways()
	}
	args := roomyFlags(&opts.Scenario)
	dir, err := os.MkdirTemp("", "starling-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for a key: %w", err)
	}
	removeKey := func() error { return os.RemoveAll(dir) }
	auth, err := f.authFlags(dir, &opts.Server)
	if err != nil {
		return nil, errors.Join(err, removeKey())
	}
	set, err := gateways.Start(ctx, n, []string{program, "gateway"}, slices.Concat(args, auth, extra))
	if err != nil {
		return nil, errors.Join(err, removeKey())
	}
	opts.Server.Version = buildinfo.Version()
	for _, g := range set.All {
		opts.Server.Addresses = append(opts.Server.Addresses, g.Address)
		opts.Server.Admin = append(opts.Server.Admin, g.Admin)
		opts.Server.PIDs = append(opts.Server.PIDs, g.PID)
	}
	return func() error { return errors.Join(set.Close(), removeKey()) }, nil
}

// authFlags makes a key, if one is wanted, and returns the gateways' flags for it.
func (f *benchFlags) authFlags(dir string, server *bench.Server) ([]string, error) {
	var secret, public []byte
	algorithm := strings.ToUpper(f.auth)
	switch f.auth {
	case authHS256:
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		secret = []byte(base64.RawURLEncoding.EncodeToString(key))
		public = secret
	case authES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
		if secret, err = pemOf("PRIVATE KEY", key, x509.MarshalPKCS8PrivateKey); err != nil {
			return nil, err
		}
		if public, err = pemOf("PUBLIC KEY", &key.PublicKey, x509.MarshalPKIXPublicKey); err != nil {
			return nil, err
		}
	default:
		return []string{"--anonymous"}, nil
	}
	server.TokenKey = secret
	file := filepath.Join(dir, "jwt.key")
	if err := os.WriteFile(file, public, 0o600); err != nil {
		return nil, fmt.Errorf("writing the gateways' key: %w", err)
	}
	return []string{"--jwt-key-file=" + algorithm + ":" + file}, nil
}

func pemOf(kind string, key any, marshal func(any) ([]byte, error)) ([]byte, error) {
	der, err := marshal(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), nil
}

// roomyFlags lift every bound that the scenario would meet. Those that this release does not have are left out.
func roomyFlags(s *bench.Scenario) []string {
	const plenty = 1_000_000
	cfg := gateway.DefaultConfig()
	known := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	cfg.BindFlags(known)
	var flags []string
	for _, bound := range []struct {
		flag string
		n    int
	}{
		{"max-connections", max(cfg.Limits.Connections, s.Connections()+1000)},
		{"max-channels", max(cfg.Limits.Channels, s.Channels+1000)},
		{"max-channels-per-connection", max(cfg.Limits.ChannelsPerConnection, s.MostChannels())},
		{"max-presence-entries", max(cfg.Limits.PresenceEntries, s.Entries+s.Connections()*s.MostChannels())},
		{"joins-per-second", plenty},
		{"joins-per-second-per-connection", 1000},
		{"accept-per-second", plenty},
		{"accept-queue", 100_000},
	} {
		if known.Lookup(bound.flag) != nil {
			flags = append(flags, "--"+bound.flag+"="+strconv.Itoa(bound.n))
		}
	}
	return flags
}
