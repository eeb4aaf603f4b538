"""One technology and one port each: values in, values out."""
