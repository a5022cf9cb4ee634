package welcome

// Answer is the answer.
const Answer = 42
