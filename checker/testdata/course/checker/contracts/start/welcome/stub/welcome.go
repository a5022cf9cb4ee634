package welcome

// TODO: write it.
