"""Use cases: reserving and settling, reporting events, limits, rules, channels, alerts."""
