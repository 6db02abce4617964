"""Case numbers: ten digits, said and keyed on a phone; the last is a check digit.

The check digit is Damm's (H. Michael Damm, 2004): it catches every single wrong digit and every swap of neighbours.
"""

# The totally anti-symmetric quasigroup of order 10 from Damm's thesis, page 111.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
LENGTH = 10


def check_digit(digits: str) -> str:
    """The digit that makes `digits` valid when put behind them."""
    state = 0
    for digit in digits:
        state = _DAMM[state][int(digit)]
    return str(state)


def is_valid(number: str) -> bool:
    """Whether `number` is ten ASCII digits whose check digit is right."""
    return len(number) == LENGTH and number.isascii() and number.isdigit() and check_digit(number) == "0"


def parse(written: str) -> str | None:
    """The plain number of one as people write it (`482-913-0574`, `482 913 0574`), or `None`."""
    number = "".join(written.replace("-", " ").split())
    return number if is_valid(number) else None


def display(number: str) -> str:
    """How a number is shown: `482-913-0574`."""
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"
