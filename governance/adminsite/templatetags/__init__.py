"""Template tags of the web admin."""
