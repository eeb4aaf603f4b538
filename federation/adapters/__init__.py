"""One technology, one port: values in, values out."""
