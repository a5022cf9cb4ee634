// Package requestresponse is requests and their responses on a connection
// that many callers share. It carries frames in both directions:
//
//	length  32 bits  of the body, in octets
//	id      32 bits  the request's number, chosen by the client
//	type    16 bits  1 REQUEST, 2 RESPONSE, 3 CANCEL
//	kind    16 bits  of a REQUEST its kind, of a RESPONSE its code, of a CANCEL 0
//	body             length octets; a CANCEL has none
//
// All numbers are big-endian. Every REQUEST gets exactly one RESPONSE,
// cancelled or not, in any order; its id is in use until then.
//
// # Limitations
//
// A body is one piece: there are no streams. A Write that the other end does
// not take holds up the calls of a client, beyond their contexts too.
package requestresponse

// TODO: what reads a frame, and what writes one? Both ends need them.
