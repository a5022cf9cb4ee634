package pubsub

// TODO: which strings are topic names, which are filters, and which filters
// match a name? A list of filters will do for the contract; a broker with a
// hundred thousand of them wants something better.
