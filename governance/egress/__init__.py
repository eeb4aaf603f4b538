"""Requests to addresses that administrators typed: checked, pinned, bounded. See `client.py`."""
