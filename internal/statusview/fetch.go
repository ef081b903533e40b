package statusview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/starling-realtime/starling/gateway/overview"
)

const (
	// fetchTimeout is longer than a gateway waits for the others.
	fetchTimeout = 15 * time.Second
	// maxOverview is far more than the overview of the largest cluster.
	maxOverview = 16 << 20
)

// A Source is a gateway to ask about its cluster. It is safe for concurrent use.
type Source struct {
	base   *url.URL
	key    string
	client *http.Client
}

// NewSource returns a source for the admin address of a gateway, as http://host:port, https://host:port or host:port, and an API key,
// which may be empty. The error names the flag that is wrong.
func NewSource(address, key string) (*Source, error) {
	text := address
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("--address is %q, must be the admin address of a gateway, such as http://127.0.0.1:9090", address)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &Source{base: base, key: key, client: &http.Client{
		Timeout: fetchTimeout, Transport: transport,
		// A gateway redirects nobody, and a key must not go elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close gives the connections back.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// Overview asks for the cluster, without its history.
func (s *Source) Overview(ctx context.Context) (*overview.Overview, error) {
	// No step ends after that.
	target := s.base.JoinPath("ui/api/overview").String() + "?since=9223372036854775807"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", s.base, err)
	}
	if s.key != "" {
		request.Header.Set("Authorization", "Bearer "+s.key)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, s.unreachable(err)
	}
	defer response.Body.Close()
	if err := s.refused(response); err != nil {
		return nil, err
	}
	o := new(overview.Overview)
	if err := json.NewDecoder(io.LimitReader(response.Body, maxOverview)).Decode(o); err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", s.base, err)
	}
	return o, nil
}

// unreachable says what to do about an address where nobody answered.
func (s *Source) unreachable(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the address again
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody listens at %s: name the admin address of a gateway (--admin-listen) with --address", s.base)
	}
	return fmt.Errorf("asking %s: %w", s.base, err)
}

// refused makes an error of an answer that is no overview.
func (s *Source) refused(response *http.Response) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	isJSON := kind == "application/json" || kind == "application/problem+json"
	switch {
	case response.StatusCode == http.StatusOK && isJSON:
		return nil
	case response.StatusCode == http.StatusUnauthorized && s.key == "":
		return fmt.Errorf("%s wants an API key: give it with --api-key-file or in %s", s.base, KeyVariable)
	case response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s does not take this API key", s.base)
	case isJSON && response.StatusCode != http.StatusNotFound:
		var problem struct {
			Detail string `json:"detail"`
		}
		_ = json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&problem) // the status says enough without it
		return fmt.Errorf("%s answers %s: %s", s.base, response.Status, clean(problem.Detail))
	default:
		return fmt.Errorf("%s is not the admin address of a gateway that can tell (/ui/api/overview answers %s): "+
			"name the one of --admin-listen with --address", s.base, response.Status)
	}
}

// KeyVariable is the environment variable that may hold the API key.
const KeyVariable = "STARLING_API_KEY"
