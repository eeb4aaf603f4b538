"""Drawings and figures of the portal. Plain Python."""
