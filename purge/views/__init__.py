"""The pages of erasure: what is due, one erasure and its decision, returns, certificates.

Only POST with the CSRF token changes anything: mail scanners open links and run scripts.
"""
