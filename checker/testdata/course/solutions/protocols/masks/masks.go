package masks

// Answer is the answer.
const Answer = 42
