package masks_test

// The key goes on where the last piece ended. RFC 6455 §5.3
func TestOffset(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
