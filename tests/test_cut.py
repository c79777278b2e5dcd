import cv2
import numpy as np
import pytest
from drawn import PAPER, line_picture

from htrtool.core.cut import cut_line
from htrtool.core.errors import InputError


def bent(picture, bow):
    """Bend a line along a parabola onto a page; return the page, the polygon and the baseline."""
    height, width = picture.shape
    pad = abs(bow) + 30
    page = np.full((height + 2 * pad, width + 60), PAPER, np.uint8)
    across = np.arange(width)
    drop = np.round(bow * (1 - (2 * across / width - 1) ** 2)).astype(int)
    for x in across:
        page[pad + drop[x] : pad + drop[x] + height, 30 + x] = picture[:, x]
    top = [(30 + x, pad + drop[x]) for x in across[::10]]
    bottom = [(x, y + height) for x, y in top[::-1]]
    return page, top + bottom, [(x, y + 0.68 * height) for x, y in top]


def likeness(a, b):
    """How alike two lines' inks are spread over their rows: a line that isn't level has it smeared."""
    a, b = ((255 - picture.astype(float)).mean(axis=1) for picture in (cv2.resize(a, (b.shape[1], b.shape[0])), b))
    return np.corrcoef(a, b)[0, 1]


def unframed(cut):
    margin = max(1, round(0.04 * cut.pixels.shape[0] / 1.08))
    return cut.pixels[margin:-margin, margin:-margin]


@pytest.mark.parametrize("bow", [0, 25, -25])
def test_a_bent_line_comes_out_straight(bow):
    picture = line_picture("a long enough line of text to bend")
    cut = cut_line(*bent(picture, bow))
    assert abs(cut.pixels.shape[0] - picture.shape[0] * 1.08) < 10
    assert likeness(unframed(cut), picture) > 0.9


@pytest.mark.parametrize("angle", [-30, -5, 12, 90])
def test_a_turned_line_comes_out_level(angle):
    picture = line_picture("a line that goes up or down")
    height, width = picture.shape
    side = width + 100
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    page = cv2.warpAffine(picture, matrix, (side, side), borderValue=PAPER)
    turn = lambda points: [tuple(matrix @ (x, y, 1)) for x, y in points]
    cut = cut_line(page, turn([(0, 0), (width, 0), (width, height), (0, height)]), turn([(12, 33), (width - 12, 33)]))
    assert likeness(unframed(cut), picture) > 0.9


def test_neighbouring_ink_gives_way_to_the_paper_of_the_place():
    shade = np.linspace(240, 150, 600)[None].repeat(120, axis=0)
    page = shade.astype(np.uint8)
    cv2.putText(page, "words", (200, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 20, 3)
    page[0:25, 100:500] = 10
    cut = cut_line(page, [(20, 60), (80, 30), (560, 30), (560, 95), (20, 95)], [(40, 80), (560, 80)])
    assert cut.pixels[:4].min() > 130
    corner = cut.pixels[:12, 2:12]
    assert abs(int(corner.mean()) - int(shade[40, 25])) < 12


def test_the_middle_of_the_polygon_does_without_a_baseline():
    page, polygon, _ = bent(line_picture("a long enough line of text to bend"), 20)
    assert cut_line(page, polygon, None).pixels.shape[0] < 64


def test_a_baseline_does_without_a_polygon():
    page = np.full((300, 600), PAPER, np.uint8)
    cut = cut_line(page, None, [(50, 150), (550, 150)], spacing=60)
    assert 55 < cut.pixels.shape[0] < 75 and 480 < cut.pixels.shape[1] < 520
    assert cut.box[1] < 120 and cut.box[0] == 50


def test_a_baseline_from_right_to_left_is_turned():
    page, polygon, baseline = bent(line_picture("left to right"), 0)
    assert np.array_equal(cut_line(page, polygon, baseline[::-1]).pixels, cut_line(page, polygon, baseline).pixels)


def test_a_line_over_the_edge_is_cut_where_the_page_ends():
    page, polygon, baseline = bent(line_picture("over the edge"), 0)
    polygon = [(x - 60, y) for x, y in polygon]
    cut = cut_line(page, polygon, [(x - 60, y) for x, y in baseline])
    assert 0 < cut.pixels.shape[1] <= page.shape[1] + 10


@pytest.mark.parametrize(
    "polygon, baseline",
    [
        (None, None),
        ([(1, 1), (2, 2)], [(5, 5)]),
        ([(10, 10), (12, 10), (12, 12)], [(10, 12), (12, 12)]),
        ([(5000, 5000), (5900, 5000), (5900, 5060), (5000, 5060)], [(5000, 5050), (5900, 5050)]),
        ([(0, 0), (10**7, 0), (10**7, 10**7)], None),
        ([(10, 10), (90, 10), (50, 10)], [(10, 10), (90, 10)]),
        ([(0, 0), (10**7, 0), (10**7, 60), (0, 60)], [(0, 50), (10**7, 50)]),
        (None, [(0, 50), (10**6, 50)]),
    ],
)
def test_what_is_no_line_is_refused(polygon, baseline):
    with pytest.raises(InputError, match="expected"):
        cut_line(np.full((200, 300), PAPER, np.uint8), polygon, baseline)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("polygon", [None, [(20, 40), (280, 40), (280, 100), (20, 100)]])
@pytest.mark.parametrize("baseline", [[(40, 80), (45, 80), (40, 80)], [(40, 80), (45, 90), (40, 80)]])
def test_a_short_baseline_that_comes_back_to_its_beginning_has_no_direction_and_does_no_harm(polygon, baseline):
    try:
        cut = cut_line(np.full((200, 300), PAPER, np.uint8), polygon, baseline)
    except InputError as error:
        assert "expected" in str(error)
    else:
        assert min(cut.pixels.shape) > 0


def test_a_line_longer_than_opencv_counts_is_cut_like_a_shorter_one():
    picture = line_picture("written again and again along a roll of paper ")
    height, width = picture.shape
    times = 40_000 // width + 1
    page = np.tile(picture, times)
    outline = [(0, 0), (page.shape[1], 0), (page.shape[1], height), (0, height)]
    long = cut_line(page, outline, [(0, 33), (page.shape[1], 33)]).pixels
    short = cut_line(page[:, : 3 * width], [(min(x, 3 * width), y) for x, y in outline], [(0, 33), (3 * width, 33)]).pixels
    assert long.shape[1] > 32_767 and long.shape[0] == short.shape[0]
    assert np.abs(long[:, : 2 * width].astype(int) - short[:, : 2 * width]).mean() < 2
    assert np.ptp(long[:, -2 * width :]) > 100
