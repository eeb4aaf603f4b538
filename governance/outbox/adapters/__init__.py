"""Adapters of the outbox."""
