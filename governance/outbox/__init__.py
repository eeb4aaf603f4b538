"""Durable intents: jobs and emails, written in the caller's transaction, delivered after it.

The rows are the truth; the broker is only a doorbell. Start reading at `services/messages.py`
(writing), then `services/deliveries.py` (claiming, leases, retries), then `registry.py`.
"""
