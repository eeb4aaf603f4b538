"""The HiveServer2 engine: a Spark Thrift Server or Hive on a cluster, asked over its own protocol.

Start reading at `engine.py`; `connection.py` is the socket, `sessions.py` the calls, `columns.py`
and `results.py` what comes back, `sizes.py` what it costs.
"""
