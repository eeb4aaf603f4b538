"""What `make run` runs: the whole service on one machine, started, watched and stopped together.

Start reading at `__main__.py`; `supervisor.py` keeps the children alive, `guard.py` ends them
when even the launcher was killed.
"""
