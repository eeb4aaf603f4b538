"""Reads of federation, always in the open namespace scope."""
