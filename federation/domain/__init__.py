"""Decisions of federation in plain Python. Start reading at `saml.py` and `claims.py`."""
