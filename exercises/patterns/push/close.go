package push

import "context"

// Close ends the hub. It writes what waits for the clients, closes their
// connections and returns when nothing of the hub is left running. When ctx
// ends, it closes the connections that are left without writing the rest, and
// returns the error of ctx. It may be called more than once; each call waits.
func (h *Hub) Close(ctx context.Context) error {
	// TODO
	return ErrTODO
}
