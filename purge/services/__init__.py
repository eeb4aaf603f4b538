"""Use cases of erasure. Each takes actor and time; long ones take their work and the lake."""
