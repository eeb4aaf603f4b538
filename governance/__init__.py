"""The platform under federation, usage limits and erasure, and the composition root."""
