package frames

// TODO: write it.
