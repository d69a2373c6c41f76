"""Pure mathematics of the head tests: arrays in, arrays out, one result per head."""
