"""Decisions about people, roles and tokens, in plain Python."""
