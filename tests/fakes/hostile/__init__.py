"""Responses that must be refused, each with the code of the check that has to refuse it.

A module for each theme; start reading at `cases.Hostile`. To add one, write a builder under the
theme's `cases.refused_as(code)`.
"""

from tests.fakes.hostile import (
    addresses,
    algorithms,
    documents,
    encryption,
    extents,
    identifiers,
    plain_xml,
    sealed_contents,
    signatures,
    subjects,
    times,
    wrappings,
)
from tests.fakes.hostile.cases import Hostile

THEMES = {
    "addresses": addresses.cases,
    "times": times.cases,
    "subjects": subjects.cases,
    "plain XML": plain_xml.cases,
    "extents": extents.cases,
    "identifiers": identifiers.cases,
    "signatures": signatures.cases,
    "algorithms": algorithms.cases,
    "wrappings": wrappings.cases,
    "documents": documents.cases,
    "encryption": encryption.cases,
    "what is encrypted": sealed_contents.cases,
}
HOSTILE: tuple[Hostile, ...] = tuple(one for cases in THEMES.values() for one in cases)
