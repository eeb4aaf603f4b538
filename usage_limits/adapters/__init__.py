"""One technology, one port each."""
