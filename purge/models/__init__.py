"""Tables of erasure: the data map, the erasures, and each namespace's keys."""

from purge.domain.locators import Locator
from purge.models.data_map import Dataset, LakeObject, StorageLayer
from purge.models.erasures import (
    CertificateKind,
    ErasureCertificate,
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
    Origin,
    StepState,
    Verb,
)
from purge.models.holds import LegalHold
from purge.models.keys import PurgeKeys
from purge.models.news import ObjectNews
from purge.models.rules import CameBackPolicy, ErasureRules
from purge.models.suppression import Return, ReturnState, Suppression

__all__ = [
    "CameBackPolicy",
    "CertificateKind",
    "Dataset",
    "ErasureCertificate",
    "ErasureDecision",
    "ErasureReport",
    "ErasureRequest",
    "ErasureRules",
    "ErasureStep",
    "LakeObject",
    "LegalHold",
    "Locator",
    "ObjectNews",
    "Origin",
    "PurgeKeys",
    "Return",
    "ReturnState",
    "StepState",
    "StorageLayer",
    "Suppression",
    "Verb",
]
