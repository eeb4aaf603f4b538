"""Records that are lines of text, ndjson and csv: cut out as bytes, the rest left as it is."""
