package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/tracing"
)

// Options configure [New]. Backend is required.
type Options struct {
	Backend Backend
	// CheckKey returns the name of an API key; nil: there are none, and the API is off.
	CheckKey func(key string) (name string, ok bool)
	Limits   Limits
	// Logger gets a line for each disconnect at info level. Default: nothing is logged.
	Logger *slog.Logger
	// ClientLogger gets what callers can cause at any rate: a line for each request at debug level, for one that is refused because of who
	// asks or how often at info, and what fails inside. Default: Logger.
	ClientLogger *slog.Logger
	// Registerer gets the metrics starling_api_*. Optional.
	Registerer prometheus.Registerer
}

// Limits bound requests.
type Limits struct {
	// RequestBytes of one body.
	RequestBytes int
	// PayloadBytes of one event.
	PayloadBytes int
	// BatchMessages of one batch.
	BatchMessages int
	// RequestsPerSecond of one key's name, after a burst of as many, or of BatchMessages if these are more; each message of a batch counts
	// as one.
	RequestsPerSecond int
}

// MaxPage bounds the entries of one page of a list, and DefaultPage is how many come unless the request says otherwise.
const (
	MaxPage     = 1000
	DefaultPage = 100
)

// An operation is one thing that the API does.
type operation struct {
	// id names it in the OpenAPI document, in metrics and in the log.
	id, method, path string
	serve            func(*API, *call) (any, error)
}

// operations lists everything that needs a key.
func operations() []operation {
	return slices.Concat(publishOperations(), channelOperations(), memberOperations())
}

// An API serves requests. It is safe for concurrent use.
type API struct {
	opts    Options
	logger  *slog.Logger
	clients *slog.Logger
	metrics *metrics
	rates   rates
	mux     *http.ServeMux
}

// New returns the handler of /v1 and everything under it.
func New(opts Options) *API {
	a := &API{opts: opts, logger: opts.Logger, metrics: newMetrics(opts.Registerer), mux: http.NewServeMux()}
	if a.logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	if a.clients = opts.ClientLogger; a.clients == nil {
		a.clients = a.logger
	}
	a.rates.init(opts.Limits)
	for _, op := range operations() {
		a.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, op) })
	}
	a.mux.HandleFunc("GET "+DocumentPath, serveDocument)
	a.refuseOthers()
	return a
}

// refuseOthers answers other methods of known paths, and other paths, with problems.
func (a *API) refuseOthers() {
	methods := map[string][]string{DocumentPath: {http.MethodGet, http.MethodHead}}
	for _, op := range operations() {
		methods[op.path] = append(methods[op.path], op.method)
		if op.method == http.MethodGet {
			methods[op.path] = append(methods[op.path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.refuse(w, r, &Problem{Code: CodeMethodNotAllowed, Detail: r.Method + " has no meaning here", allow: allowed})
		})
	}
	for _, path := range []string{"/v1", "/"} {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.refuse(w, r, Problemf(CodeNotFound, "the API has nothing at this path: GET %s describes it", DocumentPath))
		})
	}
}

// A call is one request while it is served.
type call struct {
	*http.Request
	w      http.ResponseWriter
	caller Caller
	limits Limits
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, op operation) {
	begin := time.Now()
	c := &call{Request: r, w: w, limits: a.opts.Limits}
	answer, err := a.answer(c, op)
	status := http.StatusOK
	problem := a.problemOf(err, op)
	if problem != nil {
		status = problem.Write(w)
	} else {
		writeJSON(w, "application/json", status, answer)
	}
	took := time.Since(begin)
	a.metrics.observe(op.id, c.caller.Key, status, took, tracing.IncomingID(r.Context()))
	a.note(r, op.id, c.caller.Key, status, problem, took)
}

// note logs a request: for operators one that is refused because of who asks or how often, and for whoever debugs a caller the rest.
func (a *API) note(r *http.Request, operation, key string, status int, problem *Problem, took time.Duration) {
	level, code := slog.LevelDebug, ""
	if problem != nil {
		code = string(problem.Code)
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		level = slog.LevelInfo
	default:
	}
	a.clients.LogAttrs(r.Context(), level, "api request", slog.String("operation", operation), slog.String("key", key),
		slog.Int("status", status), slog.String("code", code), slog.String("address", r.RemoteAddr), slog.Duration("took", took))
}

// answer checks who asks and does what is asked. What is cheap comes first.
func (a *API) answer(c *call, op operation) (any, error) {
	if a.opts.CheckKey == nil {
		return nil, Problemf(CodeAPIDisabled,
			"the HTTP API is off: this gateway was started without --api-keys-file (spec.auth.apiKeysSecretRef of a RealtimeCluster)")
	}
	key, given := Bearer(c.Request)
	name, ok := a.opts.CheckKey(key)
	if !given || !ok {
		return nil, Problemf(CodeUnauthorized, "send Authorization: Bearer, once, and one of the gateway's API keys")
	}
	c.caller.Key = name
	if problem := a.opts.Backend.Refuses(); problem != nil {
		return nil, problem
	}
	if err := a.admit(c, 1); err != nil {
		return nil, err
	}
	return op.serve(a, c)
}

// problemOf is what clients are told of an error.
func (a *API) problemOf(err error, op operation) *Problem {
	if err == nil {
		return nil
	}
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem
	}
	a.clients.Error("api request failed", "operation", op.id, "error", err)
	return Problemf(CodeInternal, "the gateway could not do this: its log says why")
}

// refuse answers what is no operation.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, problem *Problem) {
	status := problem.Write(w)
	a.metrics.observe("none", "", status, 0, "")
	a.note(r, "none", "", status, problem, 0)
}
