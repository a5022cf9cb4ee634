package websocket

// Bits and values of a frame's first two octets. RFC 6455 §5.2
const (
	finBit  = 0x80
	rsvBits = 0x70
	maskBit = 0x80

	maxControl = 125 // payload of a control frame; also the longest length in 7 bits
	length16   = 126
	length64   = 127
)

// TODO: a frame's header, read and written, and the mask.
