"""The subjects of a request: sealed while it runs, gone when it ends."""

import json
from collections.abc import Mapping, Sequence

from governance.kernel.refusals import Conflict
from governance.secrets import sealing
from purge.domain.identifiers import Identifier, public_fingerprint, texts_of, wanted_in
from purge.models import ErasureRequest

Subjects = Sequence[Mapping[str, object]]


class SubjectsDestroyed(Conflict):
    code = "subjects_destroyed"
    sentence = "This erasure has ended, and whom it was about is no longer known here."


def seal(request: ErasureRequest, subjects: Subjects) -> None:
    sealing.put(request, "subjects", json.dumps(subjects))


def of(request: ErasureRequest) -> list[dict[str, object]]:
    """Raises SubjectsDestroyed after the end."""
    sealed = sealing.get(request, "subjects")
    if sealed is None:
        raise SubjectsDestroyed
    opened: list[dict[str, object]] = json.loads(sealed.reveal())
    return opened


def values_in(subjects: Subjects) -> frozenset[str]:
    """Every value as text, to keep them out of what is stored."""
    return frozenset(text for subject in subjects for text in texts_of(list(subject.values())))


def fingerprints(subjects: Subjects, *, identifiers: Sequence[Identifier], key: bytes) -> list[str]:
    """What stands for the subjects wherever they may not be named."""
    wanted = wanted_in(subjects, identifiers=identifiers)
    return sorted(f"{one.name}:{public_fingerprint(key=key, wanted=one)}" for one in wanted)
