"""Secrets at rest: AES-GCM bound to the place they stand in. Start reading at `sealing.py`."""
