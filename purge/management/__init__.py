"""Commands of erasure."""
