"""IAM policies in plain Python: parsed and validated once, decided many times.

Start at `documents.py` (what a policy may say), then `decisions.py` (who wins). `patterns.py`
holds the wildcards and `conditions.py` the condition operators. The reference is the "IAM JSON
policy elements" part of the AWS documentation; where we are stricter, the module says so.
"""

from governance.kernel.policies.decisions import Decision, Reason, decide
from governance.kernel.policies.documents import MalformedPolicy, Policy

__all__ = ["Decision", "MalformedPolicy", "Policy", "Reason", "decide"]
