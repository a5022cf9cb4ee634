package quiczerortt

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// EarlyData is the field by which a proxy says that a request may have come
// to it in early data (RFC 8470 §5.1). Its only valid value is "1".
const EarlyData = "Early-Data"

// ErrClosed is returned by [Client.RoundTrip] after [Client.Close].
var ErrClosed = errors.New("client closed")

// Addr returns "host:port" of u, port 443 where it names none.
func Addr(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

// hasBody reports whether r has a body to send, of known length or not.
func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// startHTTP3 begins HTTP/3 on conn: it opens the control stream and sends the
// settings, in early data if the handshake is not over.
func startHTTP3(conn *quic.Conn) *http3.ClientConn { return (&http3.Transport{}).NewClientConn(conn) }

// sendEarly sends r, which has no body, over h3 without waiting for the
// handshake of conn, and returns the answer. The error is, by errors.Is,
// quic.Err0RTTRejected if the server did not take early data: then it has seen
// nothing of r. h3 is what was made before the end of the handshake; if that
// comes while this is called, it may be what was made after it.
//
// http3.ClientConn.RoundTrip does much the same for its MethodGet0RTT and
// MethodHead0RTT. But after a rejection quic-go v0.65.0 has it reset its
// stream, and that reset meets the stream of the same number after the
// handshake, which is the next try.
func sendEarly(conn *quic.Conn, h3 *http3.ClientConn, r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	s, err := h3.OpenRequestStream(ctx)
	if err != nil {
		return nil, err
	}
	if isRejected(conn) {
		// Somebody may have freed the connection before the stream was opened. What
		// is sent on it then is not early, and would be sent again.
		return nil, quic.Err0RTTRejected
	}
	if err := s.SendRequestHeader(r); err != nil {
		return nil, err
	}
	s.Close()
	cancel := func() {
		s.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
		s.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	}
	select {
	case <-conn.HandshakeComplete(): // no answer can be read before: it is in 1-RTT packets
	case <-conn.Context().Done():
		return nil, context.Cause(conn.Context())
	case <-ctx.Done():
		go func() { // for the reason above, not before it is known that the stream lives
			select {
			case <-conn.HandshakeComplete():
				if !isRejected(conn) {
					cancel()
				}
			case <-conn.Context().Done():
			}
		}()
		return nil, ctx.Err()
	}
	if isRejected(conn) {
		return nil, quic.Err0RTTRejected
	}
	stop := context.AfterFunc(ctx, cancel)
	resp, err := s.ReadResponse()
	for err == nil && resp.StatusCode < 200 {
		resp, err = s.ReadResponse() // an interim response is none
	}
	if err != nil {
		stop()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	state := conn.ConnectionState().TLS
	resp.Request, resp.TLS = r, &state
	resp.Body = &earlyBody{resp.Body, stop}
	return resp, nil
}

// isRejected reports whether the handshake is over and what was early was not
// accepted.
func isRejected(conn *quic.Conn) bool {
	select {
	case <-conn.HandshakeComplete():
		return !conn.ConnectionState().Used0RTT
	default:
		return false
	}
}

// An earlyBody is the body of an answer that its request's context may end.
type earlyBody struct {
	io.ReadCloser
	stop func() bool
}

// Close implements io.Closer.
func (b *earlyBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
