"""A few of many things, drawn while they pass by, so that memory does not grow with their number."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Draw(Generic[Thing]):
    """At most so many of the things that it is shown, in ``drawn``: each is as likely as any other to be among them.

    The same things in the same order give the same draw; as long as they are no more than ``most``, all of them in order.
    """

    def __init__(self, most: int):
        self.drawn: list[Thing] = []
        self._most, self._shown, self._random = most, 0, random.Random(0)

    def show(self, thing: Thing) -> None:
        """Take a thing, perhaps in place of one that was drawn before, or let it pass."""
        self._shown += 1
        if len(self.drawn) < self._most:
            self.drawn.append(thing)
        elif (place := self._random.randrange(self._shown)) < self._most:
            self.drawn[place] = thing
