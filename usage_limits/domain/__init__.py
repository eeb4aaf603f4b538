"""Values and decisions of usage limits. Plain Python: no Django, no I/O, no clock."""
