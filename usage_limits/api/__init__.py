"""The REST entrance of usage limits."""
