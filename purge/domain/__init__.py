"""Plain Python: states, identifiers, matching, spans of bytes, reports and certificates."""
