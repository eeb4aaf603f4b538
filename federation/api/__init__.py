"""The REST resources of federation. `urls.py` lists them."""
