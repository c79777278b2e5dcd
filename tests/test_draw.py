"""A few lines drawn of many while they pass by, as htr train --calibrate draws them."""

import weakref

import numpy as np

from htrtool.core.training.draw import Draw


def drawn(most, things):
    draw = Draw(most)
    for thing in things:
        draw.show(thing)
    return draw.drawn


def test_few_are_all_taken_and_of_many_the_same_from_all_over():
    assert drawn(400, range(400)) == list(range(400))
    many = drawn(400, range(100_000))
    assert len(set(many)) == 400 and many == drawn(400, range(100_000))
    assert np.histogram(many, 4, (0, 100_000))[0].min() > 60


def test_no_more_are_held_in_memory_than_are_drawn():
    class Line:
        pass

    held = weakref.WeakSet()

    def passing():
        for _ in range(1000):
            line = Line()
            held.add(line)
            yield line
            del line
            assert len(held) <= 12

    assert len(drawn(10, passing())) == 10
