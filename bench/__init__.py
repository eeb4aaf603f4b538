"""Measurements beside peers: `make bench`, or `python -m bench NAME…` for some of them.

A row says what was done, how long ours and the peer took (medians of interleaved rounds), and the
ratio. To add one, write `bench/<noun>.py` with a function `rows()` that yields `Row`s, and name it
in `bench/__main__.py`. A figure that misses its bar is published as it is.
"""
