package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Opcode says what a frame carries. RFC 6455 §5.2
type Opcode byte

// The opcodes that RFC 6455 defines; all others are reserved.
const (
	OpContinuation Opcode = 0x0
	OpText         Opcode = 0x1
	OpBinary       Opcode = 0x2
	OpClose        Opcode = 0x8
	OpPing         Opcode = 0x9
	OpPong         Opcode = 0xa
)

func (op Opcode) String() string {
	switch op {
	case OpContinuation:
		return "continuation"
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return fmt.Sprintf("reserved opcode %d", byte(op))
}

// Close codes of RFC 6455 §7.4.1. CloseNoStatus and CloseAbnormal are never
// on the wire: they stand in a [CloseError] for a Close frame without a code
// and for a connection that ended without a Close frame.
const (
	CloseNormal         = 1000
	CloseGoingAway      = 1001
	CloseProtocolError  = 1002
	CloseUnsupported    = 1003
	CloseNoStatus       = 1005
	CloseAbnormal       = 1006
	CloseInvalidPayload = 1007
	ClosePolicy         = 1008
	CloseTooBig         = 1009
	CloseInternal       = 1011
)

// A CloseError says how a connection ended.
type CloseError struct {
	// Code is the close code that the peer sent, or the one that this end
	// sent where it failed the connection.
	Code uint16
	// Reason belongs to Code.
	Reason string
	// Local is set if this end was the first to send, or to want to send, its
	// Close frame: Close was called, or the peer broke a rule.
	Local bool
}

func (e *CloseError) Error() string {
	by := "by the peer"
	if e.Local {
		by = "by this end"
	}
	return fmt.Sprintf("websocket: closed %s: %d %q", by, e.Code, e.Reason)
}

// Errors of this package.
var (
	// ErrTODO is what remains to be written.
	ErrTODO = errors.New("websocket: not written yet")
	// ErrHandshake is returned, wrapped, by Accept and Dial when the opening
	// handshake breaks a rule or is refused.
	ErrHandshake = errors.New("websocket: handshake failed")
	// ErrInvalid is returned for arguments that must not get onto the wire.
	// Nothing was sent, and the connection goes on.
	ErrInvalid = errors.New("websocket: invalid argument")
	// ErrClosed is returned by Write, Ping and Close once a Close frame was
	// sent or received, or Read has told of the connection's end.
	ErrClosed = errors.New("websocket: connection closed")
)

// acceptGUID is appended to the key before it is hashed. RFC 6455 §1.3
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// listed returns the members of a comma-separated header field, however many
// lines it is spread over.
func listed(h http.Header, field string) []string {
	var members []string
	for _, line := range h.Values(field) {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.TrimSpace(member); member != "" {
				members = append(members, member)
			}
		}
	}
	return members
}

// hasToken reports whether token is a member of the header field, in any case
// of letters.
func hasToken(h http.Header, field, token string) bool {
	for _, member := range listed(h, field) {
		if strings.EqualFold(member, token) {
			return true
		}
	}
	return false
}
