"""A large matrix on disk whose rows are checked block by block, before their first use.

The features of 356,255 clients are close to a gigabyte: hashing all of it at every start
would cost more than everything else a worker does. So the matrix has a digest for every
block of rows, kept in a small file that the manifest covers, and a block is compared before
a row of it is given out for the first time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import IntegrityError

ROWS_A_BLOCK = 64


class CheckedRows:
    """Rows of a memory-mapped ``.npy`` matrix; safe for threads and forked workers.

    Parameters
    ----------
    path : Path
        ``.npy`` file, row-major float32. Its header is not parsed.
    shape : (n, k)
    digests : uint8 (blocks, 32)
        SHA-256 of every 64 rows, already verified.
    """

    def __init__(self, path: Path, shape: tuple[int, int], digests: NDArray[np.uint8]) -> None:
        rows, columns = shape
        size = rows * columns * 4
        offset = path.stat().st_size - size
        if offset < 0 or len(digests) != _blocks(rows):
            raise IntegrityError(f"{path} does not hold {rows} × {columns} numbers", code="folder_refused",
                                 folder=str(path.parent), file=path.name)  # fmt: skip
        self._path = path
        self._rows: NDArray[np.float32] = np.memmap(path, np.float32, mode="r", offset=offset, shape=shape)
        self._digests = digests
        self._checked = bytearray(len(digests))

    def row(self, index: int) -> NDArray[np.float32]:
        """A copy of one row.

        Raises
        ------
        IntegrityError
            The row's block differs from its digest.
        """
        self._check(index // ROWS_A_BLOCK)
        return np.array(self._rows[index])

    def all(self) -> NDArray[np.float32]:
        """The whole matrix, mapped; every block not yet checked is checked first."""
        for block in range(len(self._digests)):
            self._check(block)
        return self._rows

    def _check(self, block: int) -> None:
        if self._checked[block]:
            return
        start = block * ROWS_A_BLOCK
        found = hashlib.sha256(self._rows[start : start + ROWS_A_BLOCK].data).digest()
        if found != self._digests[block].tobytes():
            raise IntegrityError(
                f"{self._path}: rows from {start} differ from their digest", code="folder_refused",
                folder=str(self._path.parent), file=self._path.name,
            )  # fmt: skip
        self._checked[block] = 1


def block_digests(rows: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Digests of every 64 rows of a row-major matrix, uint8 (blocks, 32)."""
    found = [
        hashlib.sha256(np.ascontiguousarray(rows[start : start + ROWS_A_BLOCK]).data).digest()
        for start in range(0, len(rows), ROWS_A_BLOCK)
    ]
    return np.frombuffer(b"".join(found), dtype=np.uint8).reshape(-1, 32)


def _blocks(rows: int) -> int:
    return -(-rows // ROWS_A_BLOCK)
