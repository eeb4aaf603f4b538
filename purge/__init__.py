"""Erasure: find every record of a person in the lake, and forget it when another person agrees.

Start reading at `domain/erasure.py` (the states, and who may decide), then
`services/erasure_requests.py` (asking and deciding), `services/erasures.py` (finding and cutting),
`ports/` (what is needed from outside) and `tests/fakes/storage.py`.
"""
