package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// writeBuffers are shared by all connections: one is needed only while a frame is written.
var writeBuffers = sync.Pool{}

// protocolVersion names what is spoken.
const protocolVersion = "starling.v1"

// address makes the URL to connect to.
func address(raw string, opts Options) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("it is not a URL") // without the URL, which may hold a secret
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("its scheme is %q: ws, wss, http or https is right", u.Scheme)
	}
	if u.Host == "" {
		return "", errors.New("it names no host")
	}
	if u.User != nil || u.Fragment != "" {
		return "", errors.New("it has a user or a fragment: neither can be sent")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	query := u.Query()
	if opts.Member != "" {
		query.Set("member", opts.Member)
	}
	query.Set("session", opts.Session)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// host is the URL as far as it may be shown.
func (c *Client) host() string {
	u, err := url.Parse(c.url)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// dial opens a connection and waits for its welcome.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	token, err := c.credentials(ctx)
	if err != nil {
		return nil, err
	}
	header := c.opts.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout+c.opts.HandshakeTimeout)
	defer cancel()
	const readBuffer = 4 << 10
	dialer := websocket.Dialer{
		NetDialContext: c.dialNetwork, Proxy: c.opts.Proxy, TLSClientConfig: c.tlsConfig(), Subprotocols: []string{protocolVersion},
		ReadBufferSize: readBuffer, WriteBufferPool: &writeBuffers,
	}
	ws, response, err := dialer.DialContext(ctx, c.url, header)
	if err != nil {
		return nil, c.refusal(response, err)
	}
	_ = response.Body.Close()
	cn, err := c.greet(ctx, ws)
	if err != nil {
		_ = ws.Close()
		return nil, err
	}
	if c.opts.TokenFunc != nil {
		cn.expires = expiry(token)
	}
	return cn, nil
}

// credentials returns the token to use, asking for a new one if there is none that is good.
func (c *Client) credentials(ctx context.Context) (string, error) {
	if c.opts.TokenFunc == nil {
		return c.opts.Token, nil
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	token, err := c.opts.TokenFunc(ctx)
	if err != nil {
		return "", fmt.Errorf("getting a token: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
	return token, nil
}

func (c *Client) dialNetwork(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer cancel()
	return c.opts.DialContext(ctx, network, addr)
}

func (c *Client) tlsConfig() *tls.Config {
	if c.opts.TLSConfig == nil {
		return nil
	}
	return c.opts.TLSConfig.Clone()
}

// refusal makes an error of ours from a handshake that failed.
func (c *Client) refusal(response *http.Response, err error) error {
	if response == nil || !errors.Is(err, websocket.ErrBadHandshake) {
		return fmt.Errorf("connecting to %s: %w", c.host(), err)
	}
	defer func() { _ = response.Body.Close() }()
	const most = 200
	text, _ := io.ReadAll(io.LimitReader(response.Body, most))
	return &HandshakeError{
		Status: response.StatusCode, Message: strings.TrimSpace(strings.ToValidUTF8(string(text), "")),
		RetryAfter: retryAfter(response.Header, time.Now()),
	}
}

// greet reads until the welcome.
func (c *Client) greet(ctx context.Context, ws *websocket.Conn) (*conn, error) {
	ws.SetReadLimit(int64(c.opts.MaxFrameBytes))
	if deadline, ok := ctx.Deadline(); ok {
		_ = ws.SetReadDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	defer stop()
	var after time.Duration
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return nil, c.unwelcome(err, after)
		}
		f, err := parseFrame(data)
		switch {
		case err != nil:
			return nil, err
		case f.Type == "error":
			after = f.body.err().RetryAfter
		case f.Type == "welcome":
			cn := newConn(c, ws, f.body)
			cn.heard()
			return cn, nil
		}
	}
}

func (c *Client) unwelcome(err error, after time.Duration) error {
	var closed *websocket.CloseError
	if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		return &CloseError{Code: closed.Code, Reason: strings.ToValidUTF8(closed.Text, "?"), RetryAfter: after}
	}
	return fmt.Errorf("waiting for the welcome of %s: %w", c.host(), err)
}
