"""Writing messages, and delivering them."""
