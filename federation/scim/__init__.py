"""The SCIM 2.0 entrance (RFC 7643, RFC 7644), as Microsoft Entra drives it.

`/scim/v2/{ns}/` with a bearer token of scope `scim`, bound to one identity provider. Start
reading at `views.py`.
"""
