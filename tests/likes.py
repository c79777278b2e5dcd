"""A stand-in for a recurrent language model."""

import numpy as np


class Likes:
    """A model to which one text costs ``least`` in all, each other ``cost``, the same for every character and the end."""

    def __init__(self, text: str, cost: float, least: float = 0.0):
        self.text, self.cost, self.least = text, cost, least

    def costs(self, texts, language):
        """Return what the characters of each text cost."""
        return [np.full(len(text) + 1, (self.least if text == self.text else self.cost) / (len(text) + 1)) for text in texts]
