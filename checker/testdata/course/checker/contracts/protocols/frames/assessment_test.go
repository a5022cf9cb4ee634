package frames_test

// A client frame that is not masked closes the connection with 1002. RFC 6455 §5.1 MUST
func TestUnmasked(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }

// A frame may arrive in any number of pieces. README
func TestSplit(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }

// A length above the limit is refused before anything is allocated. README
func TestHuge(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
