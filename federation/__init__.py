"""Who may come in: SAML identity providers and claim rules, directories, the Hive gateway.

Start reading at `services/sign_ins.py` (a SAML sign-in in one story), then
`domain/claims.py` (which rule wins) and `adapters/lxml_saml_guard.py` (what is refused before
any cryptography runs).
"""
