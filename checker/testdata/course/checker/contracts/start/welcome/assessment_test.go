package welcome_test

// A guest without a name is refused. README
func TestNobody(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
