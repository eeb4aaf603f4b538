"""Commands of federation."""
