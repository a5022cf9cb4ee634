package masks_test

// Masking twice is the identity. RFC 6455 §5.3
func TestMask(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
