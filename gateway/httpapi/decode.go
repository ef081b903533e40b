package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/starling-realtime/starling/hub"
)

// decode reads the body, one JSON object without unknown fields, into a struct.
func (c *call) decode(into any) error {
	if err := c.checkEncoding(); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, int64(c.limits.RequestBytes)))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return Problemf(CodeTooLarge, "a body may have at most %d bytes (--max-api-request-bytes)", c.limits.RequestBytes)
		}
		return Problemf(CodeBadRequest, "the body cannot be read: it is cut short, or came too slowly")
	}
	if !utf8.Valid(body) {
		return Problemf(CodeBadRequest, "the body is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(into); err != nil {
		return malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Problemf(CodeBadRequest, "there is something after the JSON object")
	}
	if p := checkNames(body, into); p != nil {
		return p
	}
	return nil
}

// checkEncoding refuses bodies that are not JSON as it is: nothing is ever unpacked.
func (c *call) checkEncoding() error {
	kind, parameters, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	charset, given := parameters["charset"]
	if err != nil || kind != "application/json" || given && !strings.EqualFold(charset, "utf-8") {
		return Problemf(CodeMediaType, "Content-Type is %.80q, want application/json, which is UTF-8", c.Header.Get("Content-Type"))
	}
	for _, coding := range c.Header.Values("Content-Encoding") {
		if !strings.EqualFold(coding, "identity") {
			return Problemf(CodeMediaType, "Content-Encoding is %.80q: send the body as it is, without it", coding)
		}
	}
	return nil
}

// malformed puts what the decoder says in words of the API.
func malformed(err error) *Problem {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		p := Problemf(CodeBadRequest, "a JSON %s stands where a %s is right", wrong.Value, jsonKind(wrong.Type.Kind().String()))
		if wrong.Field != "" {
			p.Pointer = "/" + strings.ReplaceAll(wrong.Field, ".", "/")
		}
		return p
	}
	if errors.Is(err, io.EOF) {
		return Problemf(CodeBadRequest, "the body is empty, want a JSON object")
	}
	return Problemf(CodeBadRequest, "the body is not what is expected: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func jsonKind(kind string) string {
	switch kind {
	case "slice":
		return "list"
	case "struct", "map":
		return "object"
	default:
		return kind
	}
}

// pathName returns a name in the path.
func (c *call) pathName(parameter, what string) (string, error) {
	name := c.PathValue(parameter)
	if err := hub.CheckName(what, name); err != nil {
		return "", &Problem{Code: CodeBadRequest, Detail: err.Error(), Parameter: parameter}
	}
	return name, nil
}

// onlyParameters refuses parameters of the query that the operation does not have.
func (c *call) onlyParameters(known ...string) error {
	query, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return Problemf(CodeBadRequest, "the query string is malformed: special characters are written as %%XX")
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return &Problem{
				Code: CodeBadRequest, Parameter: name,
				Detail: fmt.Sprintf("there is no parameter %.80q here; there are: %s", name, orNone(known)),
			}
		case len(values) > 1:
			return &Problem{Code: CodeBadRequest, Parameter: name, Detail: fmt.Sprintf("%s is given %d times", name, len(values))}
		}
	}
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// page reads limit and cursor.
func (c *call) page() (after string, limit int, err error) {
	limit = DefaultPage
	if text := c.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > MaxPage {
			return "", 0, &Problem{
				Code: CodeBadRequest, Parameter: "limit", Detail: fmt.Sprintf("limit is %.20q, want a number from 1 to %d", text, MaxPage),
			}
		}
		limit = n
	}
	text := c.URL.Query().Get("cursor")
	if text == "" {
		return "", limit, nil
	}
	last, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || hub.CheckName("cursor", string(last)) != nil {
		return "", 0, &Problem{Code: CodeBadRequest, Parameter: "cursor", Detail: "cursor is not one that this API gave as next"}
	}
	return string(last), limit, nil
}

// cursor is where a page goes on that ended with a name.
func cursor(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }
