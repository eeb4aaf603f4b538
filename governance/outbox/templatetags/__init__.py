"""Template tags of the outbox: what mails are made of."""
