package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/httpapi"
	"github.com/starling-realtime/starling/gateway/httpapi/apitest"
)

// Every operation is in the document, under its id, and the document has no other.
func TestTheDocumentIsWhatIsServed(t *testing.T) {
	documented, err := apitest.Operations()
	require.NoError(t, err)
	require.Equal(t, httpapi.OperationIDs(), documented)
}

func TestTheDocumentHasEveryCode(t *testing.T) {
	var d struct {
		OpenAPI    string
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct {
						Code struct{ Enum []httpapi.Code }
					}
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(httpapi.Document(), &d))
	require.Equal(t, "3.1.0", d.OpenAPI)
	var codes []httpapi.Code
	for _, k := range httpapi.Kinds() {
		codes = append(codes, k.Code)
	}
	require.Equal(t, codes, d.Components.Schemas.Problem.Properties.Code.Enum)
}

// Every path of the document is routed: without keys each operation says that the API is off, and the document itself comes.
func TestEveryPathOfTheDocumentIsRouted(t *testing.T) {
	api := httpapi.New(httpapi.Options{Limits: httpapi.Limits{RequestsPerSecond: 1}})
	documented, err := apitest.Operations()
	require.NoError(t, err)
	for route, id := range documented {
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{channel}", "c", "{member}", "m").Replace(path)
		r, w := httptest.NewRequestWithContext(t.Context(), method, path, nil), httptest.NewRecorder()
		api.ServeHTTP(w, r)
		want := http.StatusForbidden
		switch id {
		case "streamEvents":
			continue // the gateway's: its tests hold it against the document
		case "getDocument":
			want = http.StatusOK
			require.JSONEq(t, string(httpapi.Document()), w.Body.String())
		}
		require.Equal(t, want, w.Code, route)
		require.NoError(t, apitest.Check(r, nil, w.Code, w.Header(), w.Body.Bytes()), route)
	}
}

// The check itself notices what differs.
func TestCheckNoticesDifferences(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/channels", nil)
	header := func(kind string) http.Header { return http.Header{"Content-Type": {kind}} }
	for want, check := range map[string]func() error{
		"":                        func() error { return apitest.Check(r, nil, 200, header("application/json"), []byte(`{"channels":[]}`)) },
		"missing property":        func() error { return apitest.Check(r, nil, 200, header("application/json"), []byte(`{}`)) },
		"does not know":           func() error { return apitest.Check(r, nil, 418, header("application/json"), nil) },
		`answered 200 with "x/y"`: func() error { return apitest.Check(r, nil, 200, header("x/y"), nil) },
	} {
		if err := check(); want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	post := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/channels/c/publish", nil)
	err := apitest.Check(post, []byte(`{"tipe":"x"}`), 200, header("application/json"), []byte(`{"channel":"c","mid":"m"}`))
	require.ErrorContains(t, err, "took a request that the document does not allow")
}
