package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const (
	// renewAtShare is after what part of a token's remaining life its successor is asked for.
	renewAtShare = 0.75
	// leastRenewal is the least time between two attempts.
	leastRenewal = time.Second
)

// expiry is when a token ends that is a JWT; zero: nobody can tell.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var c struct {
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(claims, &c) != nil || c.Exp <= 0 || c.Exp > 1<<40 {
		return time.Time{}
	}
	return time.UnixMilli(int64(c.Exp * 1000))
}

// keepRenewed gives the gateway the next token before the one that the connection has ends. What does not work is tried again; in the end
// the gateway closes the connection, and the next one begins with another token.
func (c *Client) keepRenewed(cn *conn) {
	for ends := cn.expires; !ends.IsZero(); {
		wait := max(time.Duration(float64(time.Until(ends))*renewAtShare), leastRenewal)
		if c.sleep(wait, cn.ended) != nil || cn.over() {
			return
		}
		next, err := c.renew(cn)
		if err != nil {
			c.opts.Logger.Info("renewing the token failed", "gateway", cn.gateway, "conn", cn.id, "error", err)
			continue
		}
		ends = next
	}
}

// renew asks for a token and sends it. It returns when that one ends.
func (c *Client) renew(cn *conn) (time.Time, error) {
	token, err := c.opts.TokenFunc(c.ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("getting a token: %w", err)
	}
	payload, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		return time.Time{}, fmt.Errorf("encoding a token: %w", err)
	}
	answered := make(chan answer, 1)
	c.mu.Lock()
	if cn.over() || c.closing {
		c.mu.Unlock()
		return time.Time{}, errLost
	}
	cn.request("auth", payload, func(a answer) { answered <- a })
	c.mu.Unlock()
	select {
	case a := <-answered:
		if a.err != nil {
			return time.Time{}, fmt.Errorf("sending a token: %w", a.err)
		}
	case <-c.ctx.Done():
		return time.Time{}, context.Cause(c.ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
	return expiry(token), nil
}

// over reports that the connection has ended.
func (cn *conn) over() bool {
	select {
	case <-cn.ended:
		return true
	default:
		return false
	}
}
