package frames_test

// A frame begins with its length. RFC 6455 §5.2
func TestLength(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }

// An empty frame is a frame. README
func TestEmpty(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
