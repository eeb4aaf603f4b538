"""The demo's engines and tables."""

from datetime import datetime

from governance.analytics.domain.plans import TableFormat
from governance.analytics.domain.queries import Pool
from governance.analytics.models import Engine, LakeTable
from governance.analytics.services import catalogue, engines
from governance.kernel.actors import Actor

ENGINES = (("main", Pool.MAIN, 2), ("burst", Pool.BURST, 1))
TABLES = (
    ("airlines", "airlines/", TableFormat.CSV, "Carrier codes and names."),
    ("airports", "airports/", TableFormat.PARQUET, "Airports by their FAA code."),
    (
        "flights",
        "flights/",
        TableFormat.PARQUET,
        "Every flight that left New York City in 2013. Delays in minutes, distance in miles.",
    ),
    (
        "purchases",
        "purchases/",
        TableFormat.NDJSON,
        "What customers of an online music shop bought, 1997 and 1998. Personal data.",
    ),
)


def make(*, actor: Actor, now: datetime) -> None:
    for name, pool, slots in ENGINES:
        if not Engine.objects.filter(name=name).exists():
            engines.create(
                name=name, pool=pool.value, options={"slots": slots}, actor=actor, now=now
            )
    for name, location, table_format, description in TABLES:
        if not LakeTable.objects.filter(name=name).exists():
            catalogue.create_table(
                name=name,
                location=location,
                table_format=table_format.value,
                description=description,
                actor=actor,
                now=now,
            )
