"""Namespaces see nothing of each other: scopes, managers that demand one, row-level security.

Two walls. `scopes.py` says which namespace the running code works for and `models.py` filters
every query by it; behind that PostgreSQL refuses rows of other namespaces by itself
(`operations.py`). Start reading at `scopes.py`.
"""
