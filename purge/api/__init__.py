"""The REST resources of erasure. `urls.py` lists them."""
