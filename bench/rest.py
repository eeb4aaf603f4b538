"""A role read and a role made over REST, beside a bare DRF view of a table with the same columns.

Ours looks the token up by its digest, opens the namespace's scope, asks the policies, answers, and
writes an audit row for what it made. The peer does none of it.
"""

import itertools
from collections.abc import Iterator

from bench import services
from bench.measurements import Row, compare
from bench.services import Client, Installation
from governance.project.embedded.postgres import APP_ROLE, DATABASE

PEER = "bare DRF view"
ROLES = "/api/v1/namespaces/default/roles/"
TABLE = f"""
    CREATE TABLE bench_role (
        id uuid PRIMARY KEY, name varchar(64) UNIQUE NOT NULL, description varchar(1000) NOT NULL,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
    GRANT ALL ON bench_role TO {APP_ROLE};
"""


def rows() -> Iterator[Row]:
    with services.installation() as made:
        with made.embedded.postgres.connect(database=DATABASE) as connection:
            connection.execute(TABLE)
        bare = {**made.environment, "BENCH_URL": made.embedded.postgres.url(APP_ROLE)}
        logs = made.home.logs
        with (
            services.served(
                "governance.project.wsgi",
                environment=made.environment,
                log_file=logs / "ours.log",
            ) as ours,
            services.served(
                "bench.peers.bare_drf", environment=bare, log_file=logs / "peer.log"
            ) as peer,
        ):
            yield from _rows(made, ours=ours, peer=peer)


def _rows(made: Installation, *, ours: Client, peer: Client) -> Iterator[Row]:
    scopes = "tenancy:read,tenancy:write"
    token = made.manage("create_token", "bench", "--namespace=default", f"--scopes={scopes}")
    ours.headers["Authorization"] = f"Bearer {token}"
    numbers = itertools.count()

    def make(client: Client, path: str) -> dict[str, str]:
        body = {"name": f"bench-{next(numbers)}", "description": "Measured."}
        answer = client.request("POST", path, body)
        assert isinstance(answer, dict)  # noqa: S101 - for mypy
        return answer

    our_id, peer_id = make(ours, ROLES)["id"], make(peer, "/roles/")["id"]
    yield compare(
        what="REST: read a role",
        ours=lambda: ours.request("GET", f"{ROLES}{our_id}/"),
        peer_name=PEER,
        peer=lambda: peer.request("GET", f"/roles/{peer_id}/"),
        rounds=400,
        warm_up=40,
    )
    yield compare(
        what="REST: make a role",
        ours=lambda: make(ours, ROLES),
        peer_name=PEER,
        peer=lambda: make(peer, "/roles/"),
        rounds=400,
        warm_up=40,
    )
