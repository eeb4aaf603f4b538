"""The four policies that every namespace starts with, in the spirit of QuickSight's presets.

Each belongs to a role of the same name. They are written to be read and copied: a namespace may
edit its own. Only `officer` decides on erasures, and no preset combines asking with deciding.
"""

from enum import StrEnum

from governance.kernel.actions import Action
from governance.kernel.policies.documents import VERSION


class Preset(StrEnum):
    ADMIN = "admin"
    AUTHOR = "author"
    READER = "reader"
    OFFICER = "officer"


DESCRIPTIONS = {
    Preset.ADMIN: "Configures everything; decides on no erasure.",
    Preset.AUTHOR: "Runs queries and makes dashboards.",
    Preset.READER: "Reads dashboards that were shared.",
    Preset.OFFICER: "Reads erasure reports, decides on them, and keeps legal holds.",
}


def document(*, sid: str, allowed: tuple[Action, ...]) -> dict[str, object]:
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": sid,
                "Effect": "Allow",
                "Action": [action.value for action in allowed],
                "Resource": "*",
            }
        ],
    }


DOCUMENTS: dict[Preset, dict[str, object]] = {
    Preset.ADMIN: {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "EverythingButDeciding",
                "Effect": "Allow",
                "NotAction": [Action.APPROVE_ERASURE.value, Action.MANAGE_NAMESPACES.value],
                "Resource": "*",
            }
        ],
    },
    Preset.AUTHOR: document(
        sid="QueryAndShare",
        allowed=(
            Action.RUN_QUERY,
            Action.READ_DASHBOARDS,
            Action.MANAGE_DASHBOARDS,
            Action.READ_ENGINES,
            Action.READ_USAGE,
        ),
    ),
    Preset.READER: document(
        sid="ReadShared",
        allowed=(Action.READ_DASHBOARDS, Action.READ_USAGE),
    ),
    Preset.OFFICER: document(
        sid="DecideOnErasure",
        allowed=(
            Action.OPEN_ADMIN,
            Action.READ_ERASURE,  # covers reading the data map: layers, datasets, what is indexed
            Action.APPROVE_ERASURE,
            Action.MANAGE_LEGAL_HOLDS,
            Action.READ_AUDIT,
        ),
    ),
}

# Belongs to no namespace and no row: what an administrator of the whole installation may do.
PLATFORM_ADMINISTRATOR: dict[str, object] = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "EverythingButDeciding",
            "Effect": "Allow",
            "NotAction": Action.APPROVE_ERASURE.value,
            "Resource": "*",
        }
    ],
}
