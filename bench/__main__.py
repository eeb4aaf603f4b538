"""Run the named measurements, or all, and print one table."""

import sys
from collections.abc import Callable, Iterator

from bench import (
    claim_rules,
    erase_gzip,
    erase_many,
    erase_ndjson,
    erase_parquet,
    erase_requests,
    erase_s3,
    extract_records,
    metastore_index,
    policies,
    rest,
    sign_ins,
)
from bench.measurements import Row, print_table

MEASUREMENTS: dict[str, Callable[[], Iterator[Row]]] = {
    "rest": rest.rows,
    "sign_ins": sign_ins.rows,
    "claim_rules": claim_rules.rows,
    "policies": policies.rows,
    "erase_ndjson": erase_ndjson.rows,
    "erase_parquet": erase_parquet.rows,
    "erase_gzip": erase_gzip.rows,
    "extract_records": extract_records.rows,
    "metastore_index": metastore_index.rows,
    "erase_s3": erase_s3.rows,
    "erase_many": erase_many.rows,
    "erase_requests": erase_requests.rows,
}


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - MEASUREMENTS.keys())
    if unknown:
        sys.exit(f"There are no measurements {unknown}; there are {sorted(MEASUREMENTS)}.")
    print_table(row for name in names or MEASUREMENTS for row in MEASUREMENTS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
