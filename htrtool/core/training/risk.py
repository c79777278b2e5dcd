"""Training for reading beside a language model: what counts besides is how many errors the search with one has to expect.

Minimum Bayes risk over the best texts of a line (Prabhavalkar et al., "Minimum Word Error Rate Training for Attention-based
Sequence-to-Sequence Models", 2018), whose chances are those that a reader gives them, the language model's part included. So a network
learns to tell apart what the language model cannot, and leaves to that what it knows better.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from rapidfuzz.distance import Levenshtein

from htrtool.core.charset import Charset
from htrtool.core.decoding.align import frames_needed
from htrtool.core.decoding.beam import TEMPERATURE, BeamSearch
from htrtool.core.decoding.decode import softmax
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.lm.page_language import Languages
from htrtool.core.training.ctc import ctc_loss

WEIGHT = 40.0
"""What an error to expect counts beside the CTC loss, in nats."""
TEXTS = 6
"""Among how many texts of a line errors are expected, its own among them."""
LONGER = 32
"""By how many characters a text may be longer than the longest label of its batch."""
IMPOSSIBLE = -1e4
"""The logarithm of the weight of a text that there is not."""


class Rivals(NamedTuple):
    """The texts of the lines of a batch, its own first, then those that the search found: all (batch, ``TEXTS``, …).

    ``labels`` are int32 (…, characters), ``lengths`` int32 how many of these count, ``priors`` float32 the logarithms of what the language model
    gives, ``IMPOSSIBLE`` where there are fewer texts, and ``errors`` float32 by how many edits a text differs from the line's own.
    """

    labels: np.ndarray
    lengths: np.ndarray
    priors: np.ndarray
    errors: np.ndarray


class Risk:
    """The errors to expect in reading beside language models.

    Args:
        beside: the language models. None may know the texts that are trained on, or it is taken for more helpful than it is with others;
            of several the one helps with a line to which its text is strangest.
        internal: what the network expects by itself, if that is known.
    """

    def __init__(self, beside: Sequence[Languages], charset: Charset, internal: InternalLM | None):
        self._beside, self._charset, self._internal = beside, charset, internal
        self._searches: dict[tuple[int, str], BeamSearch] = {}
        self._chosen: dict[str, tuple[int, str]] = {}

    def expected_errors(self, logits, labels, label_lengths, frame_lengths):
        """Return how many errors are to be expected in each line, (batch,), through which gradients flow.

        Args:
            logits: float (batch, frames, classes).
            labels, label_lengths, frame_lengths: as for :func:`htrtool.core.training.ctc.ctc_loss`.
        """
        given = [logits, labels, label_lengths, frame_lengths]
        found = tf.numpy_function(self.rivals, given, [tf.int32, tf.int32, tf.float32, tf.float32])
        rivals = Rivals(*found)
        rivals.labels.set_shape((None, TEXTS, None))
        for part in rivals[1:]:
            part.set_shape((None, TEXTS))
        texts = tf.reshape(rivals.labels, (-1, tf.shape(rivals.labels)[2]))
        frames = tf.repeat(tf.cast(frame_lengths, tf.int32), TEXTS)
        softened = tf.repeat(logits / TEMPERATURE, TEXTS, axis=0)
        losses = tf.reshape(ctc_loss(texts, tf.reshape(rivals.lengths, (-1,)), softened, frames), (-1, TEXTS))
        return tf.reduce_sum(tf.nn.softmax(rivals.priors - losses) * rivals.errors, axis=1)

    def rivals(
        self, logits: np.ndarray, labels: np.ndarray, label_lengths: np.ndarray, frame_lengths: np.ndarray
    ) -> Rivals:
        """Return the texts of a batch among which errors are expected; the arguments are those of :meth:`expected_errors`."""
        batch, longest = labels.shape
        found = Rivals(
            np.zeros((batch, TEXTS, longest + LONGER), np.int32),
            np.zeros((batch, TEXTS), np.int32),
            np.full((batch, TEXTS), IMPOSSIBLE, np.float32),
            np.zeros((batch, TEXTS), np.float32),
        )
        for line, (label, length, frames) in enumerate(zip(labels, label_lengths, frame_lengths)):
            # CTC takes no label of no characters: where a text is missing, the line's own stands, impossible.
            found.labels[line, :, :length], found.lengths[line] = label[:length], length
            if not length:
                continue
            own = "".join(self._charset.characters[at - 1] for at in label[:length])
            search = self._search(own)
            candidates = search.decode(softmax(logits[line, :frames].astype(np.float32)), TEXTS)
            others = [candidate.text for candidate in candidates if candidate.text != own.strip(" ")]
            for place, text in enumerate([own, *others][:TEXTS]):
                classes = self._charset.encode(text)
                if not 0 < len(classes) <= longest + LONGER or frames_needed(classes) > frames:
                    continue
                found.labels[line, place, : len(classes)], found.lengths[line, place] = classes, len(classes)
                found.priors[line, place] = search.prior(text)
                found.errors[line, place] = Levenshtein.distance(text, own)
        return found

    def _search(self, text: str) -> BeamSearch:
        """Return the search for a line, beside the language model to which its text is strangest."""
        if text not in self._chosen:
            languages = [models.of([text])[0] for models in self._beside]
            costs = [models.models[language].costs(text).sum() for models, language in zip(self._beside, languages)]
            strangest = int(np.argmax(costs))
            self._chosen[text] = strangest, languages[strangest]
        which, language = self._chosen[text]
        if (which, language) not in self._searches:
            model = self._beside[which].models[language]
            self._searches[which, language] = BeamSearch(self._charset, model, internal=self._internal)
        return self._searches[which, language]
