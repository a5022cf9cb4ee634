package sidecar

// TODO: what have the attempts of one request in common? Its deadline, whether
// it may be sent again, what of it must be kept for that.
