"""The Hive gateway: HiveServer2's Thrift protocol in front of `governance.analytics`.

A Hive client (beeline, PyHive, impyla, anything with Hive's JDBC driver) signs in with a name and
a password of a namespace's directory and runs SQL as the role its groups map to. One asyncio
process; whatever waits (directories, the database) runs in bounded thread pools.

Start reading at `server.py` (a connection's life), then `calls.py` (what each call does).
The protocol itself is in `governance/hive/`, which the Hive engine shares.
"""
