package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// A backend needs HTTP and a key, and no connection of its own. docs/http-api.md has the whole API.
type backend struct{ url, key string }

// notify sends to all devices of a member, on whatever gateways they are, and returns how many took it. Whoever is not connected gets
// nothing later: keep notifications in your own database as well.
func (b backend) notify(ctx context.Context, member, text string) (connections int, err error) {
	body, err := json.Marshal(map[string]any{"type": "notification", "payload": map[string]string{"text": text}})
	if err != nil {
		return 0, err
	}
	path := b.url + "/v1/members/" + url.PathEscape(member) + "/send"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+b.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("sending to %s: %w", member, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("sending to %s: %w", member, err)
	}
	if res.StatusCode != http.StatusOK { // a problem that says what is wrong
		return 0, fmt.Errorf("sending to %s: %s: %s", member, res.Status, answer)
	}
	var sent struct{ Connections int }
	err = json.Unmarshal(answer, &sent)
	return sent.Connections, err
}
