"""Real servers that tests start: each once a session, on loopback or a private socket."""
