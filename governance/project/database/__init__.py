"""Django's PostgreSQL, named in settings as the ENGINE of the database that serves."""
