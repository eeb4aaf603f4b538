"""The web admin: one site, opened by policy, scoped to a namespace, changing things by services.

Also the admin pages of tenancy, audit and outbox. Start reading at `options.py`, whose
docstring shows how an app registers a page.
"""
