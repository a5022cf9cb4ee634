package masks

// TODO: write it.
