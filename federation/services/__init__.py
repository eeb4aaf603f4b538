"""Use cases of federation: signing in, configuring providers and rules."""
