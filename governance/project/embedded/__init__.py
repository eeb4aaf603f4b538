"""PostgreSQL and Valkey from wheels, run beside the service where no address of one is set.

Start reading at `folders.py` (what lies where), then `postgres.py`.
"""
