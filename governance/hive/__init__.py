"""HiveServer2's Thrift protocol, for both sides of it: the gateway answers, the Hive engine asks.

`wire.py` encodes and decodes, `messages.py` has the structs, `vocabulary.py` the numbers that
mean something: all as Hive's public interface (TCLIService) fixes them.
"""
