"""Files that are not what they seem: each is refused or flagged, in words, in little memory."""

import gzip
import io
import zlib
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from pyarrow import orc

from purge.adapters.arrow.files import Buffer
from purge.adapters.compressed.record_format import CompressedRecordFormat
from purge.adapters.orc import tail as orc_tail
from purge.adapters.orc.record_format import OrcRecordFormat
from purge.adapters.parquet.record_format import ParquetRecordFormat
from purge.adapters.text.csv_record_format import CsvRecordFormat
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.domain.matching import Verdict
from purge.ports import ObjectUnreachable, RecordFormat
from tests.fakes.storage import FakeObject

IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "id", "type": "integer"}])
WANTED = wanted_in([{"customer_id": 7}], identifiers=IDENTIFIERS)
NDJSON, CSV = (
    CompressedRecordFormat(NdjsonRecordFormat()),
    CompressedRecordFormat(CsvRecordFormat()),
)
PARQUET, ORC = ParquetRecordFormat(), OrcRecordFormat()
TABLE = pa.table({"id": [7, 8]})
MUCH = 70 << 20


def as_parquet(table: pa.Table = TABLE) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def as_orc(compression: str = "zlib") -> bytes:
    buffer = io.BytesIO()
    orc.write_table(TABLE, buffer, compression=compression)
    return buffer.getvalue()


def verdicts(form: RecordFormat, content: bytes) -> list[Verdict]:
    source = FakeObject(content)
    spans = [
        record.span
        for batch in form.scan(source=source, identifiers=IDENTIFIERS)
        for record in batch.records()
    ]
    return [
        record.judge(identifiers=IDENTIFIERS, wanted=WANTED)
        for record in form.records(source=source, spans=spans)
    ]


def refused(form: RecordFormat, content: bytes) -> str:
    with pytest.raises(ObjectUnreachable) as caught:
        verdicts(form, content)
    return str(caught.value.values["reason"])


def test_csv_in_a_dataset_of_json_is_flagged_where_it_could_name_them() -> None:
    assert Verdict.UNCLEAR in verdicts(NDJSON, b"id,name\n7,Dora\n8,Uma\n")
    assert Verdict.UNCLEAR not in verdicts(NDJSON, b"name\nUma\n")


def test_json_in_a_dataset_of_csv_is_not_passed_over() -> None:
    assert refused(CSV, b'{"id": 7}\n{"id": 8}\n') == "header_without_identifiers"


@pytest.mark.parametrize("form", [NDJSON, CSV])
@pytest.mark.parametrize("content", [as_parquet(), as_orc()])
def test_columns_in_a_dataset_of_text_are_refused(form: RecordFormat, content: bytes) -> None:
    assert refused(form, content) == "another_format"


@pytest.mark.parametrize("form", [PARQUET, ORC])
@pytest.mark.parametrize("content", [b'{"id": 7}\n' * 9, b"id\n7\n" * 9])
def test_text_in_a_dataset_of_columns_is_refused(form: RecordFormat, content: bytes) -> None:
    assert refused(form, content) in {"not_parquet", "not_orc"}


@pytest.mark.parametrize(
    "content",
    [
        zstandard.compress(gzip.compress(b'{"id": 7}\n')),
        gzip.compress(zstandard.compress(b'{"id": 7}\n')),
        gzip.compress(gzip.compress(gzip.compress(bytes(MUCH)))),
    ],
    ids=["gzip in zstd", "zstd in gzip", "gzip in gzip in gzip"],
)
def test_what_is_compressed_within_what_is_compressed_is_refused(content: bytes) -> None:
    assert refused(NDJSON, content) == "compressed_twice"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_what_was_cut_off_is_flagged(pack: Callable[[bytes], bytes], kept: float) -> None:
    first = pack(b'{"id": 7}\n')
    second = pack(b"".join(b'{"id": %d}\n' % (number * 7919) for number in range(1, 2000)))

    found = verdicts(NDJSON, first + second[: int(len(second) * kept)])

    assert (found[0], found[-1]) == (Verdict.THEIRS, Verdict.UNCLEAR)


def test_a_record_longer_than_can_be_read_is_never_cut_in_part() -> None:
    """Its beginning may look like a record of its own, and the rest of it would stay."""
    found = verdicts(NDJSON, b'{"id": 7, "x": "' + b"y" * MUCH + b'"}\n{"id": 8}\n')

    assert Verdict.UNCLEAR in found
    assert Verdict.THEIRS not in found
    assert refused(CSV, b"id,note\n7," + b"y" * MUCH + b"\n8,y\n") == "record_too_long"


def test_a_window_of_gigabytes_is_refused() -> None:
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=False)
    )
    stream = packer.compressobj()
    content = stream.compress(b'{"id": 7}\n') + stream.flush()

    assert refused(NDJSON, content) == "compression_unsupported"


def with_postscript(content: bytes, **changes: int) -> bytes:
    """The file with other numbers in its postscript."""
    fields = {"length": orc_tail.FOOTER_LENGTH, "block": orc_tail.BLOCK_SIZE}
    tail = orc_tail.read(Buffer(content))
    wanted = {fields[name]: value for name, value in changes.items()}
    postscript = orc_tail.written_message(
        [(number, kind, wanted.get(number, value)) for number, kind, value in tail.postscript]
    )
    return content[: -content[-1] - 1] + postscript + bytes([len(postscript)])


@pytest.mark.parametrize("compression", ["zlib", "zstd", "lz4", "snappy"])
@pytest.mark.parametrize(
    "changes",
    [{"length": 1 << 40}, {"length": (1 << 63) - 1}, {"block": 1 << 40}, {"block": (1 << 63) - 1}],
)
def test_an_orc_file_with_unbelievable_lengths_is_refused(
    compression: str, changes: dict[str, int]
) -> None:
    assert refused(ORC, with_postscript(as_orc(compression), **changes)) == "not_orc"


def test_an_orc_footer_that_is_a_bomb_is_refused() -> None:
    content = as_orc()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"\x08\x01" * (4 << 20)) + packer.flush()
    footer = (len(bomb) << 1).to_bytes(3, "little") + bomb
    fields = orc_tail.read(Buffer(content)).postscript
    postscript = orc_tail.written_message(
        [
            (
                number,
                kind,
                len(footer)
                if number == orc_tail.FOOTER_LENGTH
                else (1 << 23 if number == orc_tail.BLOCK_SIZE else value),
            )
            for number, kind, value in fields
        ]
    )

    hostile = content[:64] + footer + postscript + bytes([len(postscript)])

    assert refused(ORC, hostile) == "not_orc"


@pytest.mark.parametrize("length", [0, 1, 1 << 20, (1 << 32) - 1])
def test_a_parquet_file_with_an_unbelievable_footer_is_refused(length: int) -> None:
    content = as_parquet()

    hostile = content[:-8] + length.to_bytes(4, "little") + b"PAR1"

    assert refused(PARQUET, hostile) == "not_parquet"


@pytest.mark.parametrize(
    "footer", [b"\x19\xfc\xff\xff\xff\xff\x07", b"\x1c" * 5000, b"\x19\x1c" * 5000]
)
def test_a_parquet_footer_that_never_ends_is_refused(footer: bytes) -> None:
    hostile = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"

    assert refused(PARQUET, hostile) == "not_parquet"


def test_an_encrypted_footer_is_told_from_a_damaged_one() -> None:
    content = as_parquet()

    assert refused(PARQUET, b"PARE" + content[4:-4] + b"PARE") == "parquet_encrypted"
