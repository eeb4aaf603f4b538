"""The REST entrance: tokens, problem documents, lists, idempotency keys and the schema.

Also the REST resources of tenancy, audit and outbox. Start reading at `views.py`, whose
docstring shows how an app adds a resource.
"""
