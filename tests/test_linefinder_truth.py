"""Annotated pages read, and the samples that the line finder learns from."""

import json

import numpy as np
import pytest
from annotated import page_xml
from drawn import page_picture, save

from htrtool.core.errors import InputError
from htrtool.core.linefinder.samples import SIDE, make_sample
from htrtool.core.linefinder.truth import find_pages, load_truth, page_truth

TEXTS = ["one line of text", "and another one", "the last of them"]


@pytest.fixture()
def folder(tmp_path):
    page, lines = page_picture(TEXTS)
    save(tmp_path / "set" / "a.png", page)
    (tmp_path / "set" / "a.json").write_text(json.dumps({"lines": lines}))
    save(tmp_path / "set" / "b.png", page)
    (tmp_path / "set" / "b.xml").write_text(page_xml(lines, page.shape[1], page.shape[0], "b.png"))
    return tmp_path


def test_json_and_page_xml_tell_the_same(folder):
    a, b = (load_truth(file) for file in find_pages([str(folder)]))
    assert a[2] == b[2] == TEXTS
    assert np.array_equal(a[0], b[0])
    for one, other in zip(a[1], b[1]):
        assert np.array_equal(one.baseline, other.baseline) and np.array_equal(one.polygon, other.polygon)


def test_a_page_that_is_annotated_twice_is_taken_once(folder):
    truth = (folder / "set" / "b.xml").read_text()
    words = "".join(f'<TextLine BASELINE="0,{y} 90,{y}"/>' for y in (40, 80))
    (folder / "set" / "alto").mkdir()
    (folder / "set" / "alto" / "b.xml").write_text(
        f"<alto><Description><fileName>b.png</fileName></Description><Layout><Page><TextBlock>{words}</TextBlock></Page></Layout></alto>"
    )
    (folder / "set" / "a reading.xml").write_text(truth)
    (folder / "set" / "broken.xml").write_text(truth[:300])
    wanted = [folder / "set" / name for name in ("a.json", "b.xml", "broken.xml")]
    left_out = []
    assert list(find_pages([str(folder)], left_out.append)) == wanted
    assert [item.reason for item in left_out] == ["another annotation of a page that was taken"] * 2
    alto, page = str(folder / "set" / "alto" / "b.xml"), str(folder / "set" / "b.xml")
    assert list(find_pages([alto, page, page])) == [folder / "set" / "b.xml"]
    # One in which no line has a baseline teaches nothing, and does not stand in the way.
    (folder / "set" / "b.xml").write_text(truth.replace("Baseline", "Other"))
    assert folder / "set" / "a reading.xml" in list(find_pages([str(folder)]))


@pytest.mark.parametrize("content", ["no json", '{"lines": 3}', '{"lines": [{"baseline": "x"}]}', "[]"])
def test_what_is_no_annotation_is_told(folder, content):
    (folder / "set" / "a.json").write_text(content)
    with pytest.raises(InputError):
        page_truth(folder / "set" / "a.json")


def test_a_page_without_its_picture_is_told(folder):
    (folder / "set" / "a.png").unlink()
    with pytest.raises(InputError, match="picture beside it"):
        page_truth(folder / "set" / "a.json")
    with pytest.raises(InputError, match="found none"):
        list(find_pages([str(folder / "missing")]))


def test_small_letters_are_measured(folder):
    truth = page_truth(folder / "set" / "a.json")
    assert truth.group == "set" and len(truth.lines) == 3
    assert 9 < truth.x_height < 22


def test_samples_depend_on_the_seed_alone_and_have_ink_in_the_band(folder):
    truth = page_truth(folder / "set" / "a.json")
    made = [make_sample(truth, np.random.default_rng(seed)) for seed in (1, *range(1, 13))]
    assert np.array_equal(made[0].page, made[1].page) and np.array_equal(made[0].maps, made[1].maps)
    contrasts = []
    for sample in made:
        assert sample.page.shape == (SIDE, SIDE, 1) and sample.maps.shape == (SIDE // 2, SIDE // 2, 4)
        turned = not sample.maps[..., -1].any()
        body = sample.maps[..., 1] > 0.5
        if not turned and body.sum() > 200:
            page = sample.page[::2, ::2, 0]
            contrasts.append(page[body].mean() / page[~body].mean())
    # Shadows, rules and noise may hide it in a single one.
    assert np.median(contrasts) > 1.5
