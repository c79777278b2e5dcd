import numpy as np
import pytest

from htrtool.core.linefinder.gutters import parted_at_gutters
from htrtool.core.linefinder.trace import Trace

X_HEIGHT, PITCH, SPACE = 20, 80, 20


def row(place, *spans):
    """Return the baseline of a line over some spans of columns, and its ink: letters without gaps in words of 100."""
    left, right = spans[0][0], spans[-1][1]
    y = PITCH * (1 + place)
    columns = np.concatenate([np.arange(*span) for span in spans])
    columns = columns[(columns - left) % 120 < 100]
    return Trace(left, np.full(right - left, float(y)), X_HEIGHT), (np.repeat(columns, 2), np.tile([y - 5, y - 10], len(columns)))


def parted(rows):
    traces, inks = parted_at_gutters(*zip(*rows))
    assert len(traces) == len(inks) and all(len(xs) for xs, _ in inks)
    assert all(trace.left <= xs.min() and xs.max() < trace.right for trace, (xs, _) in zip(traces, inks))
    return [(trace.left, trace.right) for trace in traces]


COLUMNS = [((0, 460), (520, 980)), ((0, 340), (520, 860))]


def test_lines_that_run_on_over_a_gutter_are_parted_there():
    whole = [row(place, *COLUMNS[place % 2]) for place in range(8)]
    apart = [row(place, span) for place in (8, 9) for span in COLUMNS[0]]
    found = parted(whole + apart)
    assert len(found) == 2 * 10 and {left for left, _ in found} == {0, 520}


@pytest.mark.parametrize("begun", [0, 1])
def test_a_gap_where_hardly_a_line_begins_is_no_gutter(begun):
    # A hard shadow hides the ink of all lines at one place.
    whole = [row(place, *COLUMNS[0]) for place in range(8)]
    apart = [row(8 + place, span) for place in range(begun) for span in COLUMNS[0]]
    assert len(parted(whole + apart)) == len(whole) + len(apart)


def test_wide_spaces_at_many_places_are_no_gutter():
    rows = [row(place, (0, 300 + 40 * place), (360 + 40 * place, 980)) for place in range(8)]
    apart = [row(8 + place, span) for place in range(2) for span in COLUMNS[0]]
    assert len(parted(rows + apart)) == len(rows) + len(apart)
