"""Case numbers as pages show them."""

from kawal import case_numbers


def plain(written: str) -> str:
    """The ten digits; fails if it is no case number."""
    number = case_numbers.parse(written)
    assert number is not None, written
    return number
