import numpy as np
import pytest

from htrtool.core.linefinder.facing import on_facing_page

WIDTH = 1000


def _column(left, right, count=20):
    return [(left + i % 3, right - i % 5) for i in range(count)]


def _facing(lines, mirrored=False):
    ends = np.array(lines, float)
    if mirrored:
        ends = WIDTH - ends[:, ::-1]
    return on_facing_page(ends, np.full(len(lines), 12.0), WIDTH).tolist()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_strip_that_the_edge_cuts_is_told_from_the_page(mirrored):
    strip, page, notes = _column(0, 150), _column(320, 950), _column(180, 280, 3)
    assert _facing(strip + page + notes, mirrored) == [True] * 20 + [False] * 23


def test_lines_from_edge_to_edge_are_the_pages_own():
    assert not any(_facing(_column(0, 998)))
    assert not any(_facing(_column(0, 700) + [(60, 300)]))


def test_two_columns_are_no_strip():
    assert not any(_facing(_column(0, 480) + _column(520, 998)))


def test_a_few_strokes_at_the_edge_are_no_strip():
    assert not any(_facing([(0, 80), (0, 60)] + _column(200, 950)))


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_first_column_of_a_table_that_is_cropped_closely_is_no_strip(mirrored):
    assert not any(_facing(_column(8, 60) + _column(200, 950), mirrored))


def test_short_lines_that_are_cropped_closely_are_no_strip():
    assert not any(_facing([(3 + i % 4, 60) for i in range(20)] + _column(200, 950)))


def test_a_page_without_lines_has_none():
    assert on_facing_page(np.zeros((0, 2)), np.zeros(0), WIDTH).tolist() == []
