"""Decisions of the outbox, in plain Python."""
