"""The REST resources of tenancy, audit and outbox. `urls.py` lists them."""
