"""Baselines traced on maps that are drawn, as the network would give them at its best."""

import cv2
import numpy as np
import pytest

from htrtool.core.linefinder import repeats as repeats_module
from htrtool.core.linefinder.maps import LineMaps
from htrtool.core.linefinder.repeats import repeats, without_repeats
from htrtool.core.linefinder.trace import Trace, trace_baselines

X_HEIGHT = 8


def maps(*lines, ends=True, gap=None):
    """Draw the maps of lines (points, x and y), without what is in ``gap``, two columns."""
    baseline, body, end = (np.zeros((200, 400), np.uint8) for _ in "123")
    for line in lines:
        points = np.array(line, np.int32)
        cv2.polylines(baseline, [points], False, 255, 3)
        cv2.fillPoly(body, [np.concatenate([points, (points - (0, X_HEIGHT))[::-1]])], 255)
        for x, y in (points[0], points[-1]) if ends else ():
            cv2.line(end, (int(x), int(y) - X_HEIGHT), (int(x), int(y) + 3), 255, 4)
    if gap:
        for drawn in (baseline, body, end):
            drawn[:, gap[0] : gap[1]] = 0
    return LineMaps(*(drawn / np.float32(255) for drawn in (baseline, body, end)), np.zeros((13, 25, 5)))


def test_bent_and_slanted_lines_are_followed():
    lines = [(20, 60), (150, 48), (300, 66), (380, 60)], [(20, 120), (380, 170)]
    traces = sorted(trace_baselines(maps(*lines)), key=lambda trace: trace.ys[0])
    assert len(traces) == 2
    for trace, line in zip(traces, lines):
        assert trace.left < 28 and trace.right > 372
        columns = np.arange(trace.left, trace.right)
        assert np.abs(trace.ys - np.interp(columns, *np.array(line).T)).max() < 2.5
        assert trace.x_height == pytest.approx(X_HEIGHT, abs=2)


def test_columns_are_parted_where_a_line_ends():
    cells = [[(left, y), (left + 175, y)] for y in (60, 100, 140) for left in (20, 205)]
    traces = trace_baselines(maps(*cells))
    assert sorted(round(trace.left, -1) for trace in traces) == [20, 20, 20, 210, 210, 210]


def test_a_row_that_an_end_parts_is_whole_where_there_are_no_columns():
    rows = [(20, 60), (380, 60)], [(20, 100), (195, 100)], [(215, 100), (380, 100)], [(20, 140), (380, 140)]
    assert sorted(len(trace.ys) > 300 for trace in trace_baselines(maps(*rows))) == [True, True, True]


def test_a_row_of_several_parts_is_whole():
    rows = [(20, 60), (380, 60)], *([(left, 100), (left + 54, 100)] for left in (20, 124, 228, 326)), [(20, 140), (380, 140)]
    assert [len(trace.ys) > 300 for trace in trace_baselines(maps(*rows))] == [True, True, True]


def test_a_number_that_stands_apart_from_a_line_is_a_line_of_its_own():
    rows = [(20, 60), (380, 60)], [(20, 100), (330, 100)], [(355, 100), (380, 100)], [(20, 140), (380, 140)]
    assert sorted(trace.left > 340 for trace in trace_baselines(maps(*rows))) == [False, False, False, True]


def test_a_small_gap_is_bridged_and_a_wide_one_is_not():
    line = [(20, 100), (380, 100)]
    assert len(trace_baselines(maps(line, ends=False, gap=(190, 200)))) == 1
    assert len(trace_baselines(maps(line, ends=False, gap=(150, 250)))) == 2, "more than letters of a row are apart"


def test_a_baseline_with_nothing_written_over_it_is_a_rule():
    ruled = maps([(20, 100), (380, 100)])
    ruled.body[:] = 0
    assert trace_baselines(ruled) == trace_baselines(maps()) == []


def test_a_line_goes_on_beyond_its_ends_as_it_came():
    (trace,) = trace_baselines(maps([(100, 60), (300, 110)]))
    assert float(trace.at(340)) == pytest.approx(120, abs=3) and float(trace.at(60)) == pytest.approx(50, abs=3)


def test_strokes_along_a_line_are_no_lines():
    line, above = Trace(20, np.full(300, 100.0), X_HEIGHT), Trace(20, np.full(300, 92.0), X_HEIGHT)
    under, half_under = Trace(100, np.full(40, 105.0), X_HEIGHT), Trace(310, np.full(40, 105.0), X_HEIGHT)
    assert list(without_repeats([under, half_under, line, above])) == [line, above, half_under]


def test_a_baseline_is_compared_with_few_of_a_page_of_thousands(monkeypatch):
    rng, compared = np.random.default_rng(0), []
    lines = []
    for left in range(0, 1200, 60):
        for y in range(0, 1800, 18):
            lines.append(Trace(left + int(rng.integers(9)), y + rng.normal(0, 2, 40 + int(rng.integers(20))), X_HEIGHT))
            if y % 5 == 0:
                lines.append(Trace(left, y + rng.uniform(3, 9) + np.zeros(30), X_HEIGHT))
    longest = sorted(lines, key=lambda line: -len(line.ys))[:500]
    wanted = [line for place, line in enumerate(longest) if not any(repeats(line, longer) for longer in longest[:place])]
    monkeypatch.setattr(repeats_module, "repeats", lambda *pair: compared.append(pair) or repeats(*pair))
    assert list(without_repeats(lines))[: len(wanted)] == wanted
    assert len(compared) < 40 * len(lines), "a page of text cells took seconds"
