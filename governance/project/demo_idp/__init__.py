"""An identity provider for trying things out: it lets whoever asks be one of three people.

It exists only with DEMO=1 and where the service is bound to and reached at a loopback address
(`existence.py`). It signs with a key made in DATA_DIR. Start reading at `views.py`.
"""
