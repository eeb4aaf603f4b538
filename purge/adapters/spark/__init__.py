"""Reading a lake by Apache Spark, for large indexes."""
