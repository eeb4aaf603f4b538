"""Words that every room shares: refusals, actors, actions, policies, periods, names, Personal.

Plain Python: no Django, no I/O, no clock. Start reading at `refusals.py` and `actors.py`.
"""
