"""A text read block by block, each of whole lines."""

from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 1 << 17
"""A block is gone through several times: this much stays in a processor's own cache meanwhile."""
LONGEST_RECORD = 64 * 1024 * 1024


def blocks(stream: BinaryIO, *, offset: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, about BLOCK bytes at a time; a line without end in pieces of LONGEST_RECORD."""
    held: list[bytes] = []
    length = 0
    while block := stream.read(BLOCK):
        end = block.rfind(b"\n") + 1
        if end or length + len(block) >= LONGEST_RECORD:
            end = end or len(block)
            whole = b"".join([*held, memoryview(block)[:end]])
            yield offset, whole
            offset += len(whole)
            held, length = [block[end:]], len(block) - end
        else:
            held.append(block)
            length += len(block)
    if rest := b"".join(held):
        yield offset, rest
