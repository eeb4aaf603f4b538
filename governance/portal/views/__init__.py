"""The portal's pages. `access.py` says who may open one; each other module is one page."""
