"""Says whether figures reach their goals."""

import statistics

# A goal counts as met or missed only with so many rounds behind it.
ENOUGH = 7


def quartiles(values):
    """The first quartile, the median and the third quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, statistics.median(values), high


def reached(values, limit, least=False):
    """`met`, `short by N%` with the quartiles, or `undecided`."""
    low, median, high = quartiles(values)
    spread = f"(quartiles {low:.2f} to {high:.2f})"
    if len(values) < ENOUGH and low <= limit <= high:
        return f"undecided {spread}"
    if (median >= limit) if least else (median <= limit):
        return "met"
    return f"short by {abs(median - limit) / limit:.0%} {spread}"


def aim(values, limit, least):
    """The goal and whether it is reached."""
    return f"{'>=' if least else '<='} {limit}: {reached(values, limit, least)}"


def line(what, value, verdict):
    """Prints a row of the table for injection."""
    print(f"{what:<58}{value:>16}   {verdict}")
