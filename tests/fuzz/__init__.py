"""Fuzzing of what strangers send: `make fuzz`, and the kept corpus that every test run replays.

Start reading at `targets.py`: what is fed, and what may come of it.
"""
