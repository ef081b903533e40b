package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// A figure is what the backend publishes: all of the state, not a change of it, so that who missed one is right with the next.
type figure struct {
	Number int `json:"number"`
	Orders int `json:"orders"`
}

// A backend needs HTTP and a key, and no connection of its own. docs/http-api.md has the whole API.
type backend struct{ url, key string }

// work publishes a figure twice a second until ctx ends.
func (b backend) work(ctx context.Context) error {
	ticker := time.NewTicker(time.Second / 2)
	defer ticker.Stop()
	f := figure{}
	for {
		f.Number++
		f.Orders += rand.IntN(10)
		if err := b.publish(ctx, f); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// publish sends a figure to all who are in the channel, on whatever gateway they are.
func (b backend) publish(ctx context.Context, f figure) error {
	body, err := json.Marshal(map[string]any{"type": "orders", "payload": f})
	if err != nil {
		return err
	}
	path := b.url + "/v1/channels/" + url.PathEscape(channel) + "/publish"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+b.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("publishing a figure: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("publishing a figure: %w", err)
	}
	if res.StatusCode != http.StatusOK { // a problem that says what is wrong
		return fmt.Errorf("publishing a figure: %s: %s", res.Status, answer)
	}
	return nil
}
