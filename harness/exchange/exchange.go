// Package exchange is HTTP from the caller's end, for clauses about what is
// answered: a request goes through the real net/http, and its response is
// looked at as a whole.
package exchange

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/wirekata/wirekata/harness/contract"
)

// An Answer is a response with its body read and closed, or why there is none.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Err    error // also of reading the body
}

// Read reads a response to its end. It takes what [http.Client.Do] returns.
func Read(resp *http.Response, err error) Answer {
	switch {
	case err != nil:
		return Answer{Err: err}
	case resp == nil:
		return Answer{Err: errors.New("neither a response nor an error")}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, string(body), err}
}

// Ask sends a request, with header fields in pairs, and does not wait for the
// answer.
func Ask(c *http.Client, r *http.Request, fields ...string) *contract.Pending[Answer] {
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return contract.Go("the answer to "+r.Method+" "+r.URL.RequestURI(), func() Answer { return Read(c.Do(r)) })
}

// String is the status and the body, cut to what a line has room for.
func (a Answer) String() string {
	if a.Err != nil && a.Status == 0 {
		return "error: " + a.Err.Error()
	}
	text := fmt.Sprintf("%d %.60q", a.Status, a.Body)
	if a.Err != nil {
		text += ", error: " + a.Err.Error()
	}
	return text
}

// Want fails the clause unless the answer has this status and this body.
func (a Answer) Want(t testing.TB, status int, body string) {
	t.Helper()
	if a.Err != nil || a.Status != status || a.Body != body {
		contract.Mismatch(t, "not the answer that was to come", a.String(), Answer{Status: status, Body: body}.String())
	}
}

// WantStatus fails the clause unless the answer has this status.
func (a Answer) WantStatus(t testing.TB, status int) {
	t.Helper()
	if a.Err != nil || a.Status != status {
		contract.Mismatch(t, "not the status that was to come", a.String(), fmt.Sprint(status, " ", http.StatusText(status)))
	}
}

// OnClose returns the body of a response, which calls closed when it is closed
// for the first time.
func OnClose(body io.ReadCloser, closed func()) io.ReadCloser {
	return &watched{body, sync.OnceFunc(closed)}
}

type watched struct {
	io.ReadCloser
	closed func()
}

func (w *watched) Close() error {
	w.closed()
	return w.ReadCloser.Close()
}
