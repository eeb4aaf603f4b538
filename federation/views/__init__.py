"""The pages and addresses of single sign-on, for browsers."""
