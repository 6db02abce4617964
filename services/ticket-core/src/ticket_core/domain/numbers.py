"""Case numbers that cannot be guessed from their neighbours: a keyed permutation of 0..999,999,999, and a check digit.

A Feistel network is a permutation of its whole range whatever its rounds compute (Luby and Rackoff, 1988). Ours covers
2**30; results that fall outside the wanted range are sent through it again ("cycle walking", Black and Rogaway, 2002),
which keeps it a permutation of the range. 1.07 rounds on average.
"""

import hashlib
from collections.abc import Iterator

from kawal.case_numbers import LENGTH, check_digit

CAPACITY = 10 ** (LENGTH - 1)
_HALF_BITS = 15
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 6


class NumberSpace:
    """All case numbers of an installation, in the order in which they are given out. Same key, same numbers."""

    def __init__(self, key: str) -> None:
        digest = hashlib.blake2b(b"kawal case numbers\0" + key.encode(), digest_size=32).digest()
        self._rounds = [hashlib.blake2b(key=digest, person=bytes([turn]), digest_size=2) for turn in range(_ROUNDS)]

    def number(self, index: int) -> str:
        """The number at `index` (0 to `CAPACITY` - 1).

        Raises:
            IndexError: outside that range.
        """
        if not 0 <= index < CAPACITY:
            raise IndexError(f"no case number at {index}")
        permuted = self._permute(index)
        while permuted >= CAPACITY:
            permuted = self._permute(permuted)
        digits = f"{permuted:0{LENGTH - 1}d}"
        return digits + check_digit(digits)

    def numbers(self, *, start: int, count: int) -> Iterator[str]:
        return (self.number(index) for index in range(start, start + count))

    def _permute(self, value: int) -> int:
        left, right = value >> _HALF_BITS, value & _HALF_MASK
        for keyed in self._rounds:
            state = keyed.copy()
            state.update(right.to_bytes(2, "big"))
            left, right = right, left ^ (int.from_bytes(state.digest(), "big") & _HALF_MASK)
        return (left << _HALF_BITS) | right
