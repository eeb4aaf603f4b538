"""The admin pages of erasure: the data map, the requests, and the rules around them."""

from purge.admin import data_map, erasures, workflow

__all__ = ["data_map", "erasures", "workflow"]
