"""The whole configuration as one YAML document: `manage.py export` and `manage.py apply`.

A document is made of the REST API's own shapes, with names where REST has ids, and everything goes
through the same serializers and services as a call of that API. Start at `applying.py`.
"""
