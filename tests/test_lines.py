"""Where the lines of a page are: on drawn pages, where that is known, and on real ones, where there are any."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.ink import ink_map
from htrtool.core.linefinder import maps
from htrtool.core.linefinder.maps import line_mapper
from htrtool.core.lines import cut_lines, find_lines, shows_one_line
from htrtool.core.oneline import Appearance, appearance_of
from htrtool.core.order import reading_order, set_level

FONT = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
TEXT = "the quick brown fox jumps over it"
LETTER = Path(__file__).parent / "samples" / "letter.jpg"
REAL_PAGES = Path(__file__).resolve().parents[2] / "shared" / "data" / "pages" / "train"


def page(height=1000, width=900, tone=235):
    return np.full((height, width), tone, np.uint8)


def write(pixels, text, left, y, size=1.3, ink=40):
    cv2.putText(pixels, text, (left, y), FONT, size, ink, 2, cv2.LINE_AA)


def written(lines=10, left=60, first=120, pitch=80, **options):
    pixels = page(**options)
    for index in range(lines):
        write(pixels, TEXT, left, first + index * pitch)
    return pixels


def heights(lines):
    return [float(line.baseline[:, 1].mean()) for line in lines]


def assert_baselines(lines, expected, slack=8):
    assert len(lines) == len(expected)
    assert np.abs(np.subtract(heights(lines), expected)).max() < slack


def test_lines_from_top_to_bottom():
    lines = find_lines(written())
    assert_baselines(lines, [120 + 80 * index for index in range(10)])
    assert all(line.baseline[0, 0] < 80 and line.baseline[-1, 0] > 590 for line in lines)


def test_small_print_over_large_letters_is_read_from_nearer():
    pixels = page(2200, 1700)
    for index in range(10):
        cv2.putText(pixels, "Mrs. Fannie Humphreys, 218 Third Street", (120, 120 + 22 * index), FONT, 0.55, 40, 1, cv2.LINE_AA)
    for index in range(9):
        write(pixels, TEXT, 80, 700 + 160 * index, size=2.6)
    assert_baselines(find_lines(pixels), [*(120 + 22 * np.arange(10)), *(700 + 160 * np.arange(9))])


def test_words_that_touch_a_brace_along_the_page_stay_whole():
    pixels = written()
    brace = np.array([(640, 60), (665, 90), (660, 480), (690, 500), (660, 520), (665, 900), (640, 930)], np.int32)
    cv2.polylines(pixels, [brace], False, 40, 2, cv2.LINE_AA)
    for index in range(10):
        cv2.line(pixels, (560, 117 + 80 * index), (664, 112 + 80 * index), 40, 2)
    lines = find_lines(pixels)
    assert_baselines(lines, [120 + 80 * index for index in range(10)])
    assert all(line.baseline[-1, 0] > 598 for line in lines), "the last letter, at 604, is cut off"


@pytest.mark.parametrize("degrees", [-8, -3, 2, 6])
def test_slanted_lines_are_followed_and_cut_straight(degrees):
    pixels = written(lines=8, first=200)
    turn = cv2.getRotationMatrix2D((450, 500), degrees, 1)
    pixels = cv2.warpAffine(pixels, turn, (900, 1000), borderValue=235)
    lines = find_lines(pixels)
    assert len(lines) == 8
    for line in lines:
        run = line.baseline[-1] - line.baseline[0]
        assert np.degrees(np.arctan2(-run[1], run[0])) == pytest.approx(degrees, abs=1)
    assert all(cut.pixels.shape[0] < 85 for cut in cut_lines(pixels))


def test_two_columns_are_read_one_after_the_other():
    pixels = page(width=1400)
    for index in range(8):
        write(pixels, "left column here", 60, 150 + 90 * index)
        write(pixels, "right column", 800, 170 + 90 * index)
    lines = find_lines(pixels)
    assert len(lines) == 16
    assert all(line.baseline[-1, 0] < 700 for line in lines[:8])
    assert all(line.baseline[0, 0] > 700 for line in lines[8:])
    assert heights(lines[:8]) == sorted(heights(lines[:8]))


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_note_that_stands_sideways_in_the_margin_comes_last(quarters):
    pixels = page(width=1100)
    for index in range(10):
        write(pixels, TEXT, 320, 120 + 80 * index)
    # Two lines of a hand: which way up the strokes of a drawing font are is hard to tell.
    note = cv2.resize(cv2.imread(str(LETTER), cv2.IMREAD_GRAYSCALE)[290:480, 100:1120], (700, 130), interpolation=cv2.INTER_AREA)
    pixels[140:840, 60:190] = np.rot90(note, quarters)
    lines = find_lines(pixels)
    assert_baselines(lines[:10], [120 + 80 * index for index in range(10)])
    assert len(lines) == 12
    for line in lines[10:]:
        run = line.baseline[-1] - line.baseline[0]
        # Read upwards when turned anticlockwise, downwards when turned clockwise.
        assert abs(run[0]) < 30 and np.sign(run[1]) == (-1 if quarters == 1 else 1)


def test_lines_that_stand_on_their_head_in_the_upper_margin_come_last():
    letter = cv2.imread(str(LETTER), cv2.IMREAD_GRAYSCALE)
    margin = np.full((200, letter.shape[1]), np.median(letter), np.uint8)
    expected = find_lines(np.vstack([margin, letter]))
    margin[:, 100:1120] = np.rot90(letter[290:490, 100:1120], 2)
    lines = find_lines(np.vstack([margin, letter]))
    assert len(lines) == len(expected) + 2
    assert_baselines(lines[:-2], heights(expected))
    assert all(line.baseline[0, 0] > line.baseline[-1, 0] + 300 for line in lines[-2:]), "they begin at the right"
    assert heights(lines[-2:]) == sorted(heights(lines[-2:]), reverse=True)


def test_ruled_and_squared_paper():
    pixels = written()
    for y in range(40, 1000, 40):
        cv2.line(pixels, (0, y), (899, y), 170, 2)
    assert_baselines(find_lines(pixels), [120 + 80 * index for index in range(10)])
    for x in range(20, 900, 40):
        cv2.line(pixels, (x, 0), (x, 999), 170, 1)
    assert_baselines(find_lines(pixels), [120 + 80 * index for index in range(10)])


def test_ruled_paper_with_nothing_written_has_no_lines():
    pixels = page()
    for y in range(60, 1000, 60):
        cv2.line(pixels, (0, y), (899, y + 4), 120, 2)
    assert find_lines(pixels) == []


def test_shadow_and_dark_edges():
    pixels = written().astype(np.float32)
    pixels *= np.linspace(1.0, 0.45, 900)[None, :]
    pixels = pixels.astype(np.uint8)
    framed = cv2.copyMakeBorder(pixels, 60, 80, 70, 50, cv2.BORDER_CONSTANT, value=12)
    lines = find_lines(framed)
    assert_baselines(lines, [180 + 80 * index for index in range(10)])


def test_faint_writing():
    pixels = page()
    for index in range(6):
        write(pixels, TEXT, 60, 120 + 120 * index, ink=200)
    assert_baselines(find_lines(pixels), [120 + 120 * index for index in range(6)])


def test_an_empty_page_has_no_lines():
    assert find_lines(page()) == []
    noisy = np.clip(page() + np.random.default_rng(0).normal(0, 4, (1000, 900)), 0, 255).astype(np.uint8)
    assert find_lines(noisy) == []
    assert find_lines(np.zeros((500, 400), np.uint8)) == []


def test_a_page_with_one_word():
    pixels = page()
    write(pixels, "hello", 300, 480, 2)
    (line,) = find_lines(pixels)
    assert line.baseline[:, 1].mean() == pytest.approx(480, abs=14)
    (cut,) = cut_lines(pixels)
    left, top, width, height = cut.box
    assert left < 320 and 380 < top < 470 and 100 < width < 250 and 40 < height < 120


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (5, 3000), (3000, 5), (40, 40)])
def test_odd_shapes_are_borne(shape):
    for tone in (0, 128, 255):
        cut_lines(np.full(shape, tone, np.uint8))
        appearance_of(np.full(shape, tone, np.uint8))


def test_large_scans_are_found_at_a_working_scale():
    small = written()
    large = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert_baselines(find_lines(large), [4 * (120 + 80 * index) for index in range(10)], slack=32)


def test_numbers_that_the_edge_cuts_are_a_registers_own():
    register = page(height=1100, width=900)
    for row in range(12):
        for text, left in ((f"4{row:02}", -24), ("12 May", 130), ("Sale", 330), ("to Mr Aber", 480), ("2.20", 800)):
            write(register, text, left, 90 + 80 * row, size=1.0)
    lines = find_lines(register)
    assert len(lines) == 60
    # Row by row.
    assert [line.baseline[0, 0] < 40 for line in lines] == [True, False, False, False, False] * 12


def test_no_line_of_a_long_roll_or_of_pages_side_by_side_is_lost():
    roll = written(lines=90, height=7400, width=640)
    assert_baselines(find_lines(roll), [120 + 80 * index for index in range(90)])
    sheets = np.hstack([written(lines=6, height=640, width=800)] * 9)
    assert len(find_lines(sheets)) == 54


@pytest.mark.parametrize("along", [0, 1])
def test_a_long_page_is_seen_in_pieces_as_it_would_be_as_a_whole(along, monkeypatch):
    roll = np.swapaxes(written(lines=30, height=2700, width=700), 0, along)
    network = line_mapper(1)
    in_pieces = network.maps(roll)
    monkeypatch.setattr(maps, "PIECE", 10_000)
    whole = network.maps(roll)
    for part, other in zip((in_pieces.baseline, in_pieces.body, in_pieces.end), (whole.baseline, whole.body, whole.end)):
        assert part.shape == other.shape and np.abs(part - other).max() < 0.02
    assert np.abs(in_pieces.patches - whole.patches).max() < 0.05


def test_neighbours_ink_is_not_in_the_cut():
    pixels = page()
    write(pixels, "gypsy jogging", 60, 300, 1.6)
    write(pixels, "little bottle", 60, 356, 1.6)
    cuts = cut_lines(pixels)
    assert len(cuts) == 2
    both = sum(int((cut.pixels < 140).sum()) for cut in cuts)
    assert both < 1.25 * (pixels < 140).sum()


def test_ink_is_found_whatever_the_paper():
    for tone in (110, 180, 250):
        pixels = page(tone=tone)
        write(pixels, TEXT, 60, 400, ink=tone // 4)
        share = ink_map(pixels).mask.mean()
        assert 0.005 < share < 0.05


def test_order_of_a_heading_over_two_columns_and_a_footer():
    ends = [(0, 1000), *[(0, 450), (550, 1000)] * 3, (0, 1000)]
    heights = [50, 100, 105, 150, 155, 200, 205, 250]
    assert reading_order(np.array(ends), np.array(heights)) == [0, 1, 3, 5, 2, 4, 6, 7]


def test_parts_of_a_row_stay_together_where_there_are_no_columns():
    ends = [(0, 400), (500, 700), (0, 300), (0, 900), (10, 890)]
    assert reading_order(np.array(ends), np.array([10, 11, 20, 30, 40])) == [0, 1, 2, 3, 4]
    columns = [(0, 400), (500, 900), (0, 390), (500, 880), (0, 410), (500, 890)]
    assert reading_order(np.array(columns), np.array([10, 11, 20, 21, 30, 31])) == [0, 2, 4, 1, 3, 5]


@pytest.mark.parametrize("gaps", [[20] * 4, [15, 60, 70, 30], [150, 300, 400, 200]], ids=["crease", "tear", "glare"])
def test_rows_parted_by_a_crease_a_tear_or_glare_are_read_on_across_it(gaps):
    rows = [[(100, 1300)], [(100, 1290)], *([(100, 700 - gap // 2), (700 + gap // 2, 1300)] for gap in gaps), [(95, 1310)], [(100, 600)]]
    ends = [part for row in rows for part in row]
    heights = [100 + 80 * number + place for number, row in enumerate(rows) for place, _ in enumerate(row)]
    assert reading_order(np.array(ends), np.array(heights)) == list(range(len(ends)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_every_line_is_read_once_wherever_lines_lie(places):
    boxes = np.array([(left, left + width) for left, width, _ in places], float).reshape(-1, 2)
    assert sorted(reading_order(100 * boxes, np.array([40.0 * row for *_, row in places]))) == list(range(len(places)))


def test_a_table_is_read_row_by_row():
    rng = np.random.default_rng(4)
    cells = [(0, 150), (250, 350), (450, 520)]
    ends = np.array([(100, 450), *(cells * 8)], float)
    heights = np.array([10, *np.repeat(100 + 50 * np.arange(8), 3)]) + rng.uniform(-8, 8, 25)
    assert reading_order(ends, heights) == list(range(25))
    # What a cell goes on with, line by line, comes before the next cell; two amounts beside its end begin no row.
    record = [(0, 30), (50, 80), (100, 190), (250, 550), (250, 540), (250, 560), (600, 640), (660, 700)]
    down = [0, 0, 0, 0, 20, 40, 40, 40]
    ends, heights = np.array(record * 6, float), np.concatenate([np.add(down, 70 * row) for row in range(6)])
    assert reading_order(ends, heights) == list(range(48))


def test_what_is_no_column_is_read_from_top_to_bottom():
    date, address = [(600, 900), (650, 900)], [(50, 400), (60, 380), (50, 300)]
    letter = np.array(date + address + [(50, 900)] * 3)
    assert reading_order(letter, np.array([50, 100, 200, 250, 330, 400, 450, 500])) == list(range(8))
    signed = np.array([(50, 900)] * 2 + [(500, 900), (550, 900), (50, 400)])
    assert reading_order(signed, np.array([50, 100, 200, 250, 330])) == list(range(5))


def test_a_label_in_the_margin_is_read_before_the_line_beside_it():
    lines = [(200, 900)] * 9
    heights = list(range(100, 1000, 100))
    labels = [((60, 120), 305), ((50, 130), 702)]
    ends = np.array(lines + [end for end, _ in labels])
    order = reading_order(ends, np.array(heights + [height for _, height in labels]))
    assert order == [0, 1, 9, 2, 3, 4, 5, 10, 6, 7, 8]
    # A note of several lines is a column of its own.
    note = np.array(lines + [(40, 150)] * 3)
    assert reading_order(note, np.array(heights + [300, 400, 500])) == [9, 10, 11, *range(9)]


def test_pictures_of_lines_are_told_from_pages():
    for text in (TEXT, "word", "I."):
        (width, height), below = cv2.getTextSize(text, FONT, 1.3, 2)
        line = page(height + 2 * below + 10, width + 20)
        write(line, text, 10, height + 5)
        assert appearance_of(line) is not Appearance.OTHER, text
    assert appearance_of(written()) is Appearance.OTHER
    assert appearance_of(written(lines=2, first=60, height=170)) is Appearance.OTHER
    assert appearance_of(written(lines=3, first=60, height=250)) is Appearance.OTHER


@pytest.mark.parametrize("height", [36, 64, 300])
def test_a_picture_with_nothing_written_is_no_line_and_one_with_a_faint_word_is(height):
    for tone in (255, 128, 0):
        assert not shows_one_line(np.full((height, 8 * height), tone, np.uint8)), tone
    paper = np.random.default_rng(0).normal(220, 2, (height, 8 * height)).astype(np.uint8)
    ruled, framed, written_on = paper.copy(), paper.copy(), paper.copy()
    ruled[3 * height // 4] = 120
    cv2.rectangle(framed, (1, 1), (8 * height - 2, height - 2), 20, 1)
    assert not any(map(shows_one_line, (paper, ruled, framed)))
    cv2.putText(written_on, "vif", (height, 3 * height // 4), FONT, height / 40, 190, max(1, height // 30), cv2.LINE_AA)
    assert shows_one_line(written_on)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_page_is_read_upright_and_told_as_it_lies(quarters):
    pixels = real_writing()
    upright, turned = find_lines(pixels), find_lines(np.ascontiguousarray(np.rot90(pixels, -quarters)))
    assert len(turned) == len(upright)
    directions = {1: (0, 1), 2: (-1, 0), 3: (0, -1)}
    for line in turned:
        run = line.baseline[-1] - line.baseline[0]
        assert run @ directions[quarters] > 0.95 * np.hypot(*run)
    cuts = zip(cut_lines(pixels), cut_lines(np.ascontiguousarray(np.rot90(pixels, -quarters))))
    for straight, cut in cuts:
        assert np.abs(np.subtract(straight.pixels.shape, cut.pixels.shape)).max() < 12


def real_writing(name="letter"):
    return cv2.imread(str(Path(__file__).parent / "samples" / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE)


@pytest.mark.skipif(not REAL_PAGES.is_dir(), reason=f"no real pages in {REAL_PAGES}")
@pytest.mark.parametrize("name, least", [("copiste", 0.9), ("hooker", 0.75), ("peraire", 0.7), ("cremma19", 0.8)])
def test_most_lines_of_real_pages_are_found(name, least):
    found = wanted = 0
    for file in sorted((REAL_PAGES / name).glob("*.json"))[:3]:
        truth = [np.array(line["baseline"], float) for line in json.loads(file.read_text())["lines"]]
        lines = find_lines(cv2.imread(str(file.with_suffix(".jpg")), cv2.IMREAD_GRAYSCALE))
        wanted += len(truth)
        found += sum(any(agree(line.baseline, baseline) for line in lines) for baseline in truth)
    assert found / wanted >= least


def agree(found, baseline):
    """Whether two baselines share three quarters of their columns and are within 10 pixels of each other there."""
    left, right = max(found[0, 0], baseline[0, 0]), min(found[-1, 0], baseline[-1, 0])
    if right - left < 0.75 * max(np.ptp(found[:, 0]), np.ptp(baseline[:, 0])):
        return False
    xs = np.linspace(left, right, 20)
    distances = np.interp(xs, *found.T) - np.interp(xs, *baseline.T)
    return float(np.abs(distances).mean()) < 10


def test_a_wide_picture_of_many_lines_is_no_line():
    pixels = page(1000, 1800)
    for index in range(20):
        write(pixels, (3 * TEXT)[7 * index % 30 :][:94], 30, 30 + 46 * index, size=1.0)
    # From afar, the lines run together.
    assert appearance_of(pixels) is not Appearance.OTHER and not shows_one_line(pixels)
    assert shows_one_line(cv2.resize(written(lines=1, first=50, height=80), None, fx=5, fy=5))


@pytest.mark.parametrize("scale", [1, 0.5, 0.4])
def test_two_lines_in_a_small_picture_are_no_line(scale):
    pixels = real_writing()
    first, second = find_lines(pixels)[3:5]
    for last, one in ((first, True), (second, False)):
        rows = pixels[int(first.polygon[:, 1].min()) : int(last.polygon[:, 1].max())]
        assert shows_one_line(cv2.resize(rows, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)) == one


def test_two_lines_of_which_a_slope_makes_one_are_two_and_one_that_slopes_is_one():
    two = real_writing("note")[80:280, 100:900]
    assert appearance_of(two) is not Appearance.OTHER and not shows_one_line(two), "else both are read as one, which is nonsense"
    line = page(70, 800)
    write(line, "Name:", 10, 45)
    write(line, "Eleanor", 640, 45)
    sloping = cv2.warpAffine(line, np.float32([[1, 0, 0], [0.1, 1, 10]]), (800, 160), borderValue=int(line.max()))
    assert appearance_of(sloping) is Appearance.SLOPING and shows_one_line(sloping)


def test_rules_that_run_off_the_page_take_no_words_with_them():
    pixels = written()
    expected = [line.baseline[-1, 0] for line in find_lines(pixels)]
    for y in range(30, len(pixels), 60):
        cv2.line(pixels, (0, y), (pixels.shape[1], y), 120, 2)
    found = [line.baseline[-1, 0] for line in find_lines(pixels)]
    assert len(found) == len(expected) and np.abs(np.subtract(found, expected)).max() < 40


@pytest.mark.parametrize("degrees", [-40, -18, 18, 24, 35])
def test_a_page_askew_is_turned_level_and_its_lines_told_as_they_lie(degrees):
    pixels = written()
    matrix = cv2.getRotationMatrix2D((450, 500), -degrees, 1)
    matrix[:, 2] += 350
    askew = cv2.warpAffine(pixels, matrix, (1600, 1700), borderValue=235)
    level = find_lines(pixels)
    lines = find_lines(askew)
    assert len(lines) == len(level)
    for line, expected in zip(lines, level):
        ends = expected.baseline[[0, -1]] @ matrix[:, :2].T + matrix[:, 2]
        assert np.abs(line.baseline[[0, -1]] - ends).max() < 15


@pytest.mark.parametrize(("tone", "blur"), [(0.42, 12), (0.25, 0)])
def test_shadow_on_paper_is_no_edge_of_the_scan(tone, blur):
    pixels = written()
    expected = heights(find_lines(pixels))
    shade = np.tile(np.where(np.arange(pixels.shape[1]) < 500, tone, 1.0), (pixels.shape[0], 1))
    shaded = ((cv2.GaussianBlur(shade, (0, 0), blur) if blur else shade) * pixels).astype(np.uint8)
    lines = find_lines(shaded)
    assert_baselines(lines, expected)
    whole = [np.ptp(line.baseline[:, 0]) for line in find_lines(pixels)]
    assert all(np.ptp(line.baseline[:, 0]) > 0.9 * width for line, width in zip(lines, whole))


@pytest.mark.parametrize("degrees", [-12, 12])
def test_a_short_last_line_of_a_page_askew_comes_after_the_line_before_it(degrees):
    # Lines of 900, a distance of 60 between them, the last word of a paragraph alone on the third.
    boxes = np.array([[0, 900], [0, 900], [0, 150], [0, 900], [0, 900]], float)
    heights = np.arange(5) * 60.0
    slope = np.tan(np.radians(degrees))
    middles = boxes.mean(axis=1)
    turned = set_level(boxes, heights + slope * middles, np.full(5, slope))
    assert reading_order(*turned) == [0, 1, 2, 3, 4]
    level = set_level(boxes, heights, np.zeros(5))
    assert np.array_equal(level[0], boxes) and np.array_equal(level[1], heights)


def test_a_page_number_far_across_is_no_part_of_the_last_line_of_the_page_before():
    # A full page, and beside it one with three lines and its number at the height of the other's last line.
    left = [(0, 900)] * 12
    right = [(1200, 2100)] * 3 + [(2000, 2060)]
    heights = [60.0 * index for index in (*range(12), 0, 1, 2, 11)]
    assert reading_order(np.array(left + right, float), np.array(heights)) == list(range(16))


def test_blocks_one_above_the_other_are_no_columns():
    sender, addressee = [(600, 900)] * 4, [(50, 350)] * 4
    letter = np.array(sender + addressee + [(50, 900)] * 5 + [(550, 850)] * 3 + [(50, 300)] * 3)
    heights = np.concatenate([50 * np.arange(1, 9), 450 + 50 * np.arange(11)])
    assert reading_order(letter, heights) == list(range(19))


def test_of_two_pages_beside_each_other_the_left_one_is_read_first():
    rng = np.random.default_rng(2)
    left = [(0, int(right)) for right in rng.choice([250, 420, 460], 14)]
    right = [(int(begin), 1000) for begin in rng.choice([540, 560, 700], 14)]
    heights = np.concatenate([100 + 50 * np.arange(14) + rng.uniform(-20, 20, 14) for _ in range(2)])
    order = reading_order(np.array(left + right, float), heights)
    assert sorted(order[:14]) == list(range(14))


def test_sums_are_read_with_what_they_are_for():
    rows = [(0, 420), (600, 680), (0, 500), (600, 670), (0, 380), (600, 690), (0, 450), (600, 680), (0, 440), (600, 660)]
    heights = np.repeat(50 * np.arange(1, 6), 2) + np.tile([0, 4], 5)
    assert reading_order(np.array([(100, 400), *rows], float), np.array([0, *heights])) == list(range(11))
    # Lines as long as those beside them are a column.
    columns = np.array([(0, 420), (600, 1000)] * 5, float)
    assert reading_order(columns, heights) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def test_what_is_filled_in_is_read_with_its_label():
    form = [(40, 130), (300, 620), (40, 240), (300, 450), (40, 190), (300, 700), (300, 640), (40, 200), (300, 420), (40, 280), (300, 560)]
    heights = 50.0 * np.array([1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6]) + np.array([0, 6] * 3 + [0, 0, 6, 0, 6])
    assert reading_order(np.array(form, float), heights) == list(range(11))
    # Words in two columns, one as wide as the other, are read down each.
    words = np.array([(40, 130), (300, 420), (40, 240), (300, 450), (40, 190), (300, 400), (40, 200), (300, 420)], float)
    assert reading_order(words, 50.0 * np.repeat(np.arange(4), 2)) == [0, 2, 4, 6, 1, 3, 5, 7]


def test_a_margin_of_names_is_read_with_the_acts_beside_them():
    act, margin = [(300, 1000)] * 5, [(20, 120), (30, 150)]
    ends = np.array((margin + act) * 3, float)
    heights = np.concatenate([350 * number + np.array([2, 52, 0, 50, 100, 150, 200]) for number in range(3)])
    assert reading_order(ends, heights) == list(range(21))


def test_a_sheet_with_one_line_on_it_is_no_picture_of_a_line():
    envelope = page(1100, 1800)
    write(envelope, "Mr John Smith, Ashby", 500, 650)
    cv2.rectangle(envelope, (1500, 60), (1740, 360), 100, -1)
    assert appearance_of(envelope) is not Appearance.OTHER and not shows_one_line(envelope)
    lines = find_lines(envelope)
    assert len(lines) == 1 and np.ptp(lines[0].polygon[:, 1]) < 120


def test_labels_beside_labels_stop_nothing():
    # A number before a name of two lines, which itself is a label of the act beside it.
    act, names, number = [(400, 1000)] * 10, [(100, 300), (100, 290)] * 2, [(0, 30)]
    heights = np.array([*(100 * np.arange(10)), 202, 300, 602, 700, 200], float)
    order = reading_order(np.array(act + names + number, float), heights)
    assert sorted(order) == list(range(15)) and order.index(14) == order.index(10) - 1


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 60))
def test_registers_of_any_kind_are_read_whole(seed, count):
    rng = np.random.default_rng(seed)
    left = rng.choice([0, 90, 180, 420, 700, 900], count) + rng.integers(0, 25, count)
    width = rng.choice([20, 60, 90, 200, 480], count)
    heights = 40.0 * rng.integers(0, 25, count) + rng.integers(-9, 9, count)
    boxes = np.column_stack([left, left + width]).astype(float)
    assert sorted(reading_order(boxes, heights)) == list(range(count))
