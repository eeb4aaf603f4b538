"""How dates and times are written, by language: Django's FORMAT_MODULE_PATH."""
