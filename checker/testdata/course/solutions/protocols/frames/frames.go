package frames

// Answer is the answer.
const Answer = 42
