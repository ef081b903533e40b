package localcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/starling-realtime/starling/internal/localcluster/front"
)

// latestAnnouncement is how long the address to open waits for the last gateway, when another is ready.
const latestAnnouncement = 10 * time.Second

// A cluster is one run.
type cluster struct {
	opts    Options
	dir     workDir
	ports   *portPicker
	front   *front.Front
	admin   adminClient
	slots   []*slot
	started time.Time
	address string // where clients reach the front

	// showing is held while the view is told, so that it never gets an older look after a newer one.
	showing   sync.Mutex
	announced bool
}

// Run runs the cluster until ctx ends, which is no error, or until something fails that trying again does not help. When it
// returns, no process and no file of it is left but logs that were asked for. Call [Options.Validate] first.
func Run(ctx context.Context, opts Options) (err error) {
	if opts.KillMargin == 0 {
		opts.KillMargin = DefaultKillMargin
	}
	listener, err := listen(opts.Listen)
	if err != nil {
		return err
	}
	events := slog.New(slog.NewTextHandler(eventWriter{opts.View}, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	address := Reachable(listener.Addr().String())
	opts.View.Listening(address)
	c := &cluster{
		opts:    opts,
		ports:   newPortPicker(),
		front:   front.New(listener, front.Options{Logger: events}),
		admin:   newAdminClient(),
		started: time.Now(),
		address: address,
	}
	defer c.admin.close()
	defer func() { err = errors.Join(err, c.front.Close()) }()

	if c.dir, err = newWorkDir(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.dir.remove()) }()

	defer func() { err = errors.Join(err, c.closeLogs()) }()
	if err := c.makeSlots(); err != nil {
		return err
	}
	return c.serve(ctx)
}

// listen explains the commonest failure.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop that, or choose another address with --listen "+
			"(port 0 is any free port)", address)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return listener, nil
}

func (c *cluster) makeSlots() error {
	logs := c.opts.LogDir
	if logs == "" {
		logs = filepath.Join(c.dir.path, "logs")
	}
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return fmt.Errorf("making the directory of logs: %w", err)
	}
	for i := range int(*c.opts.Cluster.Spec.Replicas) {
		name := fmt.Sprintf("gateway-%d", i+1)
		at, err := c.ports.pick()
		if err != nil {
			return err
		}
		sink, err := newLogSink(name, filepath.Join(logs, name+".log"), c.opts.View)
		if err != nil {
			return err
		}
		look := Gateway{Name: name, Address: at.client, State: StateStarting}
		c.slots = append(c.slots, &slot{name: name, cluster: c, logs: sink, at: at, view: look})
	}
	c.event("logs are in %s", logs)
	return nil
}

// serve runs the front and the gateways until ctx ends or one fails, and stops them all.
func (c *cluster) serve(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.front.Serve(groupCtx) })
	for _, s := range c.slots {
		group.Go(func() error { return s.run(groupCtx) })
	}
	group.Go(func() error {
		<-groupCtx.Done()
		c.event("stopping %d gateways", len(c.slots))
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	c.event("stopped")
	return nil
}

// start starts a gateway's process.
func (c *cluster) start(ctx context.Context, name string, at addresses, output *logSink) (*process, error) {
	argv := append([]string{}, c.opts.Command...)
	argv = append(argv, GatewayArgs(c.opts.Cluster)...)
	argv = append(argv, c.localArgs(name, at)...)
	return startProcess(ctx, argv, gatewayEnvironment(os.Environ()), output)
}

// gatewayEnvironment leaves out what would set flags of a gateway: the manifest is what decides.
func gatewayEnvironment(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "STARLING_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// meshAddresses are where the gateways find each other.
func (c *cluster) meshAddresses() []string {
	var all []string
	for _, s := range c.slots {
		all = append(all, s.addresses().mesh)
	}
	return all
}

func (c *cluster) closeLogs() error {
	var errs []error
	for _, s := range c.slots {
		errs = append(errs, s.logs.close())
	}
	return errors.Join(errs...)
}
