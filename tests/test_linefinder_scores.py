import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.linefinder.scores import line_distances, match_lines

PAGE = [np.array([(50, y), (650, y + 6)], float) for y in range(100, 500, 40)]


def test_lines_match_themselves_in_any_order():
    order = [3, 0, 9, 1, 8, 2, 7, 4, 6, 5]
    match = match_lines(PAGE, [PAGE[i] for i in order])
    assert match.pairs == sorted((i, order.index(i)) for i in range(10))
    assert match.annotated.all()


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(0.05, 1))
def test_a_line_matches_within_the_tolerance_and_with_half_its_length(drop, share):
    (line,) = [PAGE[4]]
    found = np.array([line[0], line[0] + share * (line[1] - line[0])]) + (0, drop)
    matched = bool(match_lines(PAGE, [found]).pairs)
    if abs(drop) < 9.5 and share > 0.53:
        assert matched
    if 10.5 < abs(drop) < 29 or share < 0.47:
        assert not matched


def test_each_line_is_matched_once():
    assert len(match_lines(PAGE, PAGE + PAGE).pairs) == 10
    halves = [np.array([(50, 100), (340, 103)], float), np.array([(360, 103), (650, 106)], float)]
    assert len(match_lines(PAGE, halves).pairs) <= 1


def test_what_lies_where_nothing_is_annotated_is_told():
    outline = np.array([(0, 600), (700, 600), (700, 700), (0, 700)], float)
    found = [PAGE[0], np.array([(100, 650), (600, 650)], float), np.array([(100, 900), (600, 900)], float)]
    assert match_lines(PAGE, found, [outline]).annotated.tolist() == [True, True, False]


def test_the_distance_of_lines_is_that_within_a_column():
    beside = [line + (700, 20) for line in PAGE]
    np.testing.assert_allclose(line_distances(PAGE + beside), 40)
    assert line_distances(PAGE[:1]).tolist() == [40] and match_lines([], []).pairs == []


def test_small_print_does_not_narrow_the_tolerance_of_the_writing_but_the_mean_bounds_it():
    print_ = [np.array([(50, y), (250, y)], float) for y in range(600, 680, 10)]
    distances = line_distances(PAGE + print_)
    assert (distances[10:] == 10).all()
    assert 20 < distances[0] < 35
