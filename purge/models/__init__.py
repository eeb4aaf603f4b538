"""Tables of erasure: the data map, the erasures, and each namespace's keys."""

from purge.models.data_map import Dataset, LakeObject, Locator, StorageLayer
from purge.models.erasures import (
    ErasureCertificate,
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
    StepState,
    Verb,
)
from purge.models.keys import PurgeKeys

__all__ = [
    "Dataset",
    "ErasureCertificate",
    "ErasureDecision",
    "ErasureReport",
    "ErasureRequest",
    "ErasureStep",
    "LakeObject",
    "Locator",
    "PurgeKeys",
    "StepState",
    "StorageLayer",
    "Verb",
]
