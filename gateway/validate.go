package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// Validate reports everything that is wrong, each line naming the flag and what would be right; nil: nothing is. It opens no
// file and resolves no name.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateAuth(),
		checkAddress("listen", c.Listen),
		checkAddress("admin-listen", c.AdminListen),
		c.validateMesh(),
		c.validateServer(),
		c.validateOrigins(),
		oneOf("log-format", c.LogFormat, "text", "json"),
		oneOf("log-level", c.LogLevel, "debug", "info", "warn", "error"),
	)
}

func (c *Config) validateOrigins() error {
	if _, err := auth.NewOriginPolicy(c.AllowedOrigins); err != nil {
		return fmt.Errorf("--allowed-origins: %w", err)
	}
	return nil
}

// validateServer checks what an embedding program's gateway uses too.
func (c *Config) validateServer() error {
	errs := []error{
		between("typing-ttl", c.TypingTTL, 0, time.Hour),
		between("disconnect-grace", c.DisconnectGrace, 0, time.Hour),
		between("heartbeat", c.Heartbeat, 100*time.Millisecond, 10*time.Minute),
		between("handshake-timeout", c.HandshakeTimeout, 100*time.Millisecond, 5*time.Minute),
		between("deregister", c.Deregister, 0, time.Hour),
		between("drain-window", c.DrainWindow, 0, time.Hour),
		between("drain-close", c.DrainClose, 0, time.Hour),
		between("log-lines-per-second", c.LogLinesPerSecond, 0, mostRate),
		c.validateTracing(),
		c.Limits.validate(),
	}
	if _, err := parseProxies(c.TrustedProxies); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) validateTracing() error {
	errs := []error{between("tracing-max-per-second", c.TracingMaxPerSecond, 1, mostRate)}
	if err := tracing.CheckEndpoint(c.TracingEndpoint); err != nil {
		errs = append(errs, fmt.Errorf("--tracing-endpoint %w", err))
	}
	if ratio := c.TracingSampleRatio; !(ratio >= 0 && ratio <= 1) { // NaN is neither
		errs = append(errs, fmt.Errorf("--tracing-sample-ratio is %v, want 0 to 1: 0.01 traces one in a hundred", ratio))
	}
	return errors.Join(errs...)
}

func (c *Config) validateMesh() error {
	errs := []error{
		checkAddress("mesh-listen", c.MeshListen),
		between("node-grace", c.NodeGrace, 0, time.Hour),
	}
	if err := keyring.CheckCluster(c.Cluster); err != nil {
		errs = append(errs, fmt.Errorf("--cluster: %w", err))
	}
	if c.NodeName != "" && (len(c.NodeName) > mostNodeName || hub.CheckName("node name", c.NodeName) != nil) {
		errs = append(errs, fmt.Errorf("--node-name is %.120q, want at most %d bytes of UTF-8 without control characters",
			c.NodeName, mostNodeName))
	}
	if _, _, err := net.SplitHostPort(c.MeshAdvertise); err == nil {
		errs = append(errs, checkAddress("mesh-advertise", c.MeshAdvertise))
	}
	for _, peer := range c.Join {
		errs = append(errs, checkPeer(peer))
	}
	if c.MeshKeyFile == "" && !isLoopback(c.MeshListen) {
		errs = append(errs, fmt.Errorf("--mesh-key-file is not given, and then --mesh-listen must be a loopback address "+
			"such as 127.0.0.1:7946, not %q: on a network, gateways must prove that they share a key", c.MeshListen))
	}
	if c.MeshKeyFile == "" && c.MeshAdvertise != "" && !isLoopback(c.MeshAdvertise) {
		errs = append(errs, fmt.Errorf("--mesh-key-file is not given, and then --mesh-advertise must be a loopback address too, not %q",
			c.MeshAdvertise))
	}
	return errors.Join(errs...)
}

func (l *Limits) validate() error {
	const most = 1 << 30
	errs := []error{
		between("max-connections", l.Connections, 1, 10_000_000),
		between("max-connections-per-address", l.ConnectionsPerAddress, 0, 10_000_000),
		between("accept-per-second", l.AcceptPerSecond, 1, 1_000_000),
		between("accept-queue", l.AcceptQueue, 0, 1_000_000),
		between("max-channels", l.Channels, 1, 100_000_000),
		between("max-channels-per-connection", l.ChannelsPerConnection, 1, 1_000_000),
		between("max-presence-entries", l.PresenceEntries, 1, 1_000_000_000),
		between("joins-per-second", l.JoinsPerSecond, 1, 10_000_000),
		between("joins-per-second-per-connection", l.JoinsPerSecondPerConnection, 1, 1_000_000),
		between("accept-per-second-per-address", l.AcceptPerSecondPerAddress, 0, mostRate),
		burstOf("accept-burst-per-address", l.AcceptBurstPerAddress, "accept-per-second-per-address", l.AcceptPerSecondPerAddress),
		l.MessagesPerConnection.validate("connection"),
		l.MessagesPerMember.validate("member"),
		l.MessagesPerChannel.validate("channel"),
		between("max-rate-limiters", l.RateLimiters, 1, 10_000_000),
		between("max-hasty-requests", l.HastyRequests, 1, 1_000_000),
		between("max-bad-frames", l.BadFrames, 1, 1_000_000),
		between("max-snapshot-members", l.SnapshotMembers, 1, 1_000_000),
		between("max-message-bytes", l.MessageBytes, 1<<10, 16<<20),
		between("max-unfinished-bytes", l.UnfinishedBytes, l.MessageBytes, most),
		between("send-queue-bytes", l.SendQueueBytes, 1<<10, most),
		between("link-queue-bytes", l.LinkQueueBytes, 64<<10, most),
		between("api-requests-per-second", l.APIRequestsPerSecond, 1, 1_000_000),
		between("max-api-request-bytes", l.APIRequestBytes, 1<<10, 64<<20),
		between("max-api-batch", l.APIBatch, 1, 10_000),
	}
	return errors.Join(errs...)
}

// mostRate bounds rates and bursts of single connections, members, channels and addresses.
const mostRate = 1_000_000

func (r Rate) validate(of string) error {
	rate := "messages-per-second-per-" + of
	return errors.Join(between(rate, r.PerSecond, 0, mostRate), burstOf("message-burst-per-"+of, r.Burst, rate, r.PerSecond))
}

// burstOf checks the burst of a rate.
func burstOf(flag string, burst int, rateFlag string, rate int) error {
	if burst > 0 && rate == 0 {
		return fmt.Errorf("--%s is %d, but without --%s there is no bound: give both", flag, burst, rateFlag)
	}
	return between(flag, burst, 0, mostRate)
}

func between[T int | time.Duration](flag string, value, least, most T) error {
	if value < least || value > most {
		return fmt.Errorf("--%s is %v, want %v to %v", flag, value, least, most)
	}
	return nil
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("--%s is %q, want one of %q", flag, value, allowed)
}

func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--%s is %q, want host:port or :port: %w", flag, address, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--%s is %q, want a port from 0 to 65535", flag, address)
	}
	return nil
}

func checkPeer(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return fmt.Errorf("--join has %q, want host:port such as gateways.example.com:7946", address)
	}
	return checkAddress("join", address)
}

// mostNodeName keeps the name and the boot within what memberlist carries.
const mostNodeName = 100

// isLoopback says whether only this machine can reach a host or host:port. Names but localhost are not looked up: what they
// mean can change.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
