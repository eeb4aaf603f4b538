"""What a namespace may spend: usage limits, the ledger behind them, workload rules, alerts.

Start reading at `domain/limits.py` (what a limit is), `domain/admissions.py` (who is refused)
and `services/reservations.py` (reserve before a query, settle after it).
"""
