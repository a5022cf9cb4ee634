package welcome_test

// A greeting names the guest. README
func TestGreets(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
