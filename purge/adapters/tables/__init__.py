"""Tables whose files belong to a table format, Delta and Iceberg, changed through their engines."""
