"""Builders of rows, typed, with a sensible default for everything."""
