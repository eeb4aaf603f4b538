"""Chaining the trail, and verifying the chain."""
