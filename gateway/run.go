package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// Run is `starling gateway`: it serves clients, operators and other gateways at the config's addresses until ctx ends, then
// drains and returns nil. An error says what could not be started or failed on the way.
func Run(ctx context.Context, cfg Config, logger *slog.Logger) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	boot := randomBoot()
	keys, err := loadKeys(cfg, boot)
	if err != nil {
		return err
	}
	clients, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { _ = clients.Close() }()
	admin, err := net.Listen("tcp", cfg.AdminListen)
	if err != nil {
		return fmt.Errorf("--admin-listen: %w", err)
	}
	defer func() { _ = admin.Close() }()

	g, err := New(cfg, Options{Logger: logger, Boot: boot, Keys: keys, NewCluster: NewMesh})
	if err != nil {
		return err
	}
	if !mayChange(cfg) {
		g.isAdmin = nil
	}
	warnOfFiles(g.logger, cfg.Limits, mostFiles())
	stopFollowing := followKeys(cfg, keys, g)
	defer stopFollowing()
	g.logger.Info("gateway runs", "version", buildinfo.Version(), "boot", boot.String(), "cluster", cfg.Cluster,
		"clients", clients.Addr().String(), "admin", admin.Addr().String())
	return g.serve(ctx, clients, admin)
}

// loadKeys reads the cluster's keys, which then follow the file: see followKeys. Without a file they are the development keys,
// which anybody can compute; the config was checked to reach loopback addresses only.
func loadKeys(cfg Config, boot hub.Boot) (*keyring.Keyring, error) {
	keys := keyring.Insecure(cfg.Cluster)
	if cfg.MeshKeyFile != "" {
		var err error
		if keys, err = keyring.Load(cfg.MeshKeyFile); err != nil {
			return nil, fmt.Errorf("--mesh-key-file: %w", err)
		}
	}
	ring, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: boot}, keys)
	if err != nil {
		return nil, fmt.Errorf("--mesh-key-file: %w", err)
	}
	return ring, nil
}

// followKeys lets the keys follow their file until the returned function is called, which waits for the end of that.
func followKeys(cfg Config, keys *keyring.Keyring, g *Gateway) (stop func()) {
	if cfg.MeshKeyFile == "" {
		return func() {}
	}
	follower := keyring.NewFollower(keyring.FollowerConfig{Path: cfg.MeshKeyFile, Keys: keys, Logger: g.logger, Registerer: g.registry})
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { follower.Run(ctx) })
	return func() {
		cancel()
		following.Wait()
	}
}

// mayChange says whether the admin port takes changes: on a network not with the token of the development keys, which
// anybody can compute.
func mayChange(cfg Config) bool { return cfg.MeshKeyFile != "" || isLoopback(cfg.AdminListen) }

// ownFiles is more than what a gateway opens besides its clients' connections: links, listeners and probes.
const ownFiles = 256

// warnOfFiles warns when the system's bound would be met before the gateway's own, whose refusals say why; files is 0
// where it is not known.
func warnOfFiles(logger *slog.Logger, limits Limits, files uint64) {
	if files > 0 && files < uint64(limits.Connections)+ownFiles {
		logger.Warn("the system lets this process open fewer files than --max-connections needs: raise its limit (ulimit -n) or lower the flag",
			"files", files, "max_connections", limits.Connections)
	}
}

// serve serves both sides until ctx ends or one of them fails, then drains and closes. The admin side is the last to go, so
// that probes see why the gateway is not ready.
func (g *Gateway) serve(ctx context.Context, clients, admin net.Listener) error {
	clientServer := g.newServer(g.Handler())
	clientServer.ConnState = g.newLobby().track
	adminServer := g.newServer(g.AdminHandler())
	group, failed := errgroup.WithContext(ctx)
	group.Go(func() error { return serveOn(clientServer, clients, "clients") })
	group.Go(func() error { return serveOn(adminServer, admin, "the admin port") })
	group.Go(func() error {
		<-failed.Done()
		return g.stop(context.WithoutCancel(ctx), clientServer, adminServer)
	})
	return group.Wait()
}

// stop drains and closes within what the config gives to a drain, and what flushing links and leaving the mesh take.
func (g *Gateway) stop(ctx context.Context, clients, admin *http.Server) error {
	drainCtx, cancel := context.WithTimeout(ctx, g.cfg.Deregister+g.cfg.DrainWindow+g.cfg.DrainClose+closeTimeout+drainMargin)
	defer cancel()
	if err := g.Drain(drainCtx, "shutdown"); err != nil {
		g.logger.Warn("drain was not done in time", "error", err)
	}
	closeCtx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	return errors.Join(clients.Close(), g.Close(closeCtx), admin.Close())
}

// drainMargin is by how much the steps of a drain may be late, together.
const drainMargin = time.Second

// leaveTimeout bounds what comes after a drain: cutting what is left and leaving the mesh.
const leaveTimeout = 5 * time.Second

func serveOn(server *http.Server, listener net.Listener, what string) error {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", what, err)
	}
	return nil
}

// answerTime bounds what follows the request: the waits for room and for other gateways, and the time that a client takes to read its
// answer. One that does not read would otherwise keep its connection and what it has not read for ever. Connections that are upgraded, and
// event streams, have bounds of their own.
const answerTime = 20 * time.Second

func (g *Gateway) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: g.cfg.HandshakeTimeout,
		ReadTimeout:       g.cfg.HandshakeTimeout,
		WriteTimeout:      g.cfg.HandshakeTimeout + answerTime,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
	}
}
