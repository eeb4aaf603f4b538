"""Text that is compressed, by gzip's members or Zstandard's frames, known by its content."""
