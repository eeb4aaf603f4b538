"""Which engine a query gets where there are several."""

import pytest
from django.utils import timezone

from governance.analytics import selectors
from governance.analytics.services import engines
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors

pytestmark = pytest.mark.django_db

CLUSTER = {"host": "spark.acme.example", "username": "lakewarden", "lake_url": "s3a://acme/lake"}


def test_a_burst_engine_helps_out_one_of_its_own_kind(in_acme: Namespace) -> None:
    main = selectors.default_engine()
    for name, kind, options in (("spark", "hiveserver2", CLUSTER), ("spare", "duckdb", {})):
        assert selectors.burst_engine_for(main) is None
        engines.create(
            name=name,
            kind=kind,
            options=options,
            pool="burst",
            actor=actors.system(),
            now=timezone.now(),
        )

    found = selectors.burst_engine_for(main)

    assert found is not None
    assert found.name == "spare"
