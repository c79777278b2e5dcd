from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn import PAPER, line_picture
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.binarise import binarise
from htrtool.core.errors import InputError
from htrtool.core.prepare import normalise_background, prepare, prepare_placed, resize_to_height, without_margins
from htrtool.core.recipe import BINARISATIONS, DEFAULT_RECIPE, NORMALISATIONS, STEPS, Recipe
from htrtool.core.rules import remove_rules
from htrtool.core.slant import shear_upright, skew_of, slant_of, turn_level

recipes = st.builds(
    Recipe,
    normalise=st.sampled_from(NORMALISATIONS),
    remove_rules=st.booleans(),
    deskew=st.booleans(),
    deslant=st.booleans(),
    binarise=st.sampled_from(BINARISATIONS),
    height=st.integers(8, 160),
)


@given(recipes)
def test_a_recipe_survives_json(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe


@given(recipes, recipes)
def test_what_is_left_to_do_and_what_was_done_make_up_both_recipes(recipe, done):
    both = recipe.after(done)
    assert {step for step in STEPS if both.takes(step)} == {step for step in STEPS if recipe.takes(step) or done.takes(step)}
    assert not any(recipe.besides(both).takes(step) for step in STEPS)
    assert recipe.besides(done).after(done) == both
    pixels = np.random.default_rng(0).integers(0, 256, (40, 90)).astype(np.uint8)
    assert np.array_equal(prepare(pixels, recipe, both.to_json()), resize_to_height(pixels, recipe.height))


def test_recipes_of_older_models_are_understood_and_newer_ones_refused():
    assert Recipe.from_json({"normalise": "background", "height": 48}) == Recipe(height=48)
    assert Recipe().to_json() == {"normalise": "background", "height": 64}
    with pytest.raises(InputError, match="unwrinkle.*newer htr"):
        Recipe.from_json({"unwrinkle": True})
    with pytest.raises(InputError, match="otsu.*magic"):
        Recipe.from_json({"binarise": "magic"})


@settings(deadline=None, max_examples=40)
@given(recipes, st.integers(1, 90), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_any_recipe_takes_any_picture(recipe, height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    prepared = prepare(pixels, recipe)
    assert prepared.dtype == np.uint8
    assert prepared.shape[0] == recipe.height and prepared.shape[1] >= 1


@pytest.mark.parametrize("tone", [7, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (64, 300), (10, 3000)])
def test_a_blank_line_stays_blank(tone, shape):
    full = Recipe(remove_rules=True, deskew=True, deslant=True, binarise="sauvola")
    for recipe in (Recipe(), full):
        assert prepare(np.full(shape, tone, np.uint8), recipe).min() >= 250


def test_shadow_and_faintness_go():
    clear = line_picture("a shadow over one end of the line", 64)
    shade = np.linspace(1, 0.5, clear.shape[1])
    dark = (clear * shade).astype(np.uint8)
    faint = (200 + (clear.astype(float) - 225) * 0.25).astype(np.uint8)
    wanted = normalise_background(clear).astype(float)
    for spoilt in (dark, faint):
        assert np.abs(normalise_background(spoilt) - wanted).mean() < 12
    assert np.quantile(wanted, 0.8) > 250 and wanted.min() < 40


@pytest.mark.parametrize("method", BINARISATIONS[1:])
def test_binarisation_separates_ink_from_paper(method):
    picture = line_picture("binarise", 64)
    result = binarise(picture, method)
    assert set(np.unique(result)) == {0, 255}
    assert (result[picture < 60] == 0).mean() > 0.95
    assert (result[picture > 220] == 255).mean() > 0.97


@pytest.mark.parametrize("grey", [180, 90])
def test_ruled_lines_go_and_strokes_stay(grey):
    clear = line_picture("ruled paper with many words on it", 64)
    ruled = clear.copy()
    for row in (12, 44):
        ruled[row : row + 2] = np.minimum(ruled[row : row + 2], grey)
    result = remove_rules(ruled)
    strokes = clear < 80
    empty = (clear == 225) & (ruled == grey)
    assert (result[empty] > 205).mean() > 0.9
    assert (result[strokes] < 130).mean() > 0.9


def test_without_rules_nothing_changes():
    clear = line_picture("no rules here, in all this line", 64)
    assert np.array_equal(remove_rules(clear), clear)


@pytest.mark.parametrize("angle", [-5, -2, 3, 6])
def test_skew_is_found_and_taken_out(angle):
    picture = line_picture("some words in a line that is skewed", 48)
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1)
    matrix[1, 2] += 40
    skewed = cv2.warpAffine(picture, matrix, (width, height + 80), borderValue=225)
    assert abs(skew_of(skewed) - angle) < 1
    level = turn_level(skewed)[0]
    assert abs(skew_of(level)) <= 0.75
    assert level.shape[0] < skewed.shape[0]


@pytest.mark.parametrize("angle", [-20, 25, 40])
def test_slant_is_found_and_taken_out(angle):
    upright = np.full((64, 400), 230, np.uint8)
    for x in range(20, 380, 24):
        upright[10 if x % 48 else 30 : 54, x : x + 4] = 30
        upright[30 : 34, x : x + 14] = 30
    shear = np.tan(np.radians(angle))
    matrix = np.array([[1, -shear, 64 * max(shear, 0)], [0, 1, 0]])
    slanted = cv2.warpAffine(upright, matrix, (400 + int(64 * abs(shear)), 64), borderValue=230)
    assert abs(slant_of(slanted) - angle) <= 4
    assert abs(slant_of(shear_upright(slanted)[0])) <= 4
    assert slant_of(upright) == 0


@given(st.floats(-0.4, 0.7))
@settings(deadline=None, max_examples=25)
def test_a_slant_that_is_added_is_found_again(shear):
    upright = line_picture("words of a line that may lean any way", 48)
    height, width = upright.shape
    matrix = np.array([[1, -shear, shear * height / 2 + 40], [0, 1, 0]])
    leaning = cv2.warpAffine(upright, matrix, (width + 80, height), borderValue=225)
    added = np.tan(np.radians(slant_of(leaning))) - np.tan(np.radians(slant_of(upright)))
    assert abs(added - shear) < 0.06


@pytest.mark.parametrize("steps", [{}, {"deslant": True}, {"deskew": True}, {"deslant": True, "deskew": True}])
def test_the_ends_of_a_prepared_line_are_told(steps):
    picture = np.full((64, 700), 230, np.uint8)
    for x in range(40, 660, 22):
        for y in range(12, 52):
            across = x + round((52 - y) * 0.7)
            down = round(y + (x - 350) * 0.04)
            picture[down : down + 1, across : across + 4] = 30
    prepared, begin, end = prepare_placed(picture, Recipe("none", height=64, **steps))
    assert 0 <= begin < end <= prepared.shape[1]
    middle = slice(28, 36)
    for pixels, (first, last) in ((picture, (0, 700)), (prepared, (begin, end))):
        inked = np.flatnonzero((pixels[middle] < 120).any(axis=0))
        share = (inked[[0, -1]] - first) / (last - first)
        if pixels is picture:
            expected = share
    assert np.abs(share - expected).max() < 0.03


def test_a_huge_scan_of_a_line_takes_little_memory():
    import tracemalloc

    pixels = np.full((4000, 6000), 200, np.uint8)
    tracemalloc.start()
    assert prepare(pixels, Recipe()).shape == (64, 96)
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("bed", [PAPER, 250, 120])
def test_blank_rows_above_and_below_a_line_do_not_make_it_small(bed):
    line = line_picture(height=64)
    closest = prepare(line, DEFAULT_RECIPE).shape[1]
    for margin in (20, 60, 400):
        framed = cv2.copyMakeBorder(line, margin, 2 * margin, 0, 0, cv2.BORDER_CONSTANT, value=bed)
        assert prepare(framed, DEFAULT_RECIPE).shape[1] == pytest.approx(closest, rel=0.15)
    dash, sloping = np.full((2, 64, 200), PAPER, np.uint8)
    dash[30:34, 40:160] = 30
    cv2.line(sloping, (60, 34), (90, 27), 30, 2)
    assert all(without_margins(mark).shape == mark.shape for mark in (dash, sloping))
    assert not len(without_margins(np.full((64, 9), PAPER, np.uint8))) < 64


def test_a_picture_that_was_prepared_at_another_height_is_only_resized():
    wanted = Recipe(deskew=True, deslant=True, height=48)
    done = prepare(line_picture(), replace(wanted, height=64))
    lower = prepare(done, wanted, replace(wanted, height=64).to_json())
    assert lower.shape == (48, round(done.shape[1] * 48 / 64))
    assert np.array_equal(lower, cv2.resize(done, lower.shape[::-1], interpolation=cv2.INTER_AREA))
    assert np.array_equal(prepare(done, wanted, "unheard of"), prepare(done, wanted))
