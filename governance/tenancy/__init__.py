"""Namespaces and who is in them: users, identities, roles, policies, tokens, sessions.

Start reading at `models/`, then `services/users.py`.
"""
