"""One file for each step, numbered; the number is the version of the tables after it."""
