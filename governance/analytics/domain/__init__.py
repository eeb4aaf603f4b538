"""Values and decisions of analytics. Plain Python."""
