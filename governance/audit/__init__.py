"""Who decided what: append-only events, chained by a sealer, verified by a command.

Start reading at `trail.py`.
"""
