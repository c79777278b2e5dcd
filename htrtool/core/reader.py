"""Prepared line images to text and confidence."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Iterable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np

from htrtool.core.decoding.align import align
from htrtool.core.decoding.beam import WIDTH, BeamSearch, Candidate
from htrtool.core.decoding.block_letters import in_block_letters, in_capitals
from htrtool.core.decoding.confidence import Confidence, Confidences, Seen
from htrtool.core.decoding.decode import best_path
from htrtool.core.decoding.hand import UNSURE, Hand, Known, learn_hand
from htrtool.core.decoding.looks import FINER, MANY, TEXTS, TEXTS_ALONE, Look, looks_needed, ranked, views
from htrtool.core.decoding.support import support
from htrtool.core.decoding.whole_line import reconsidered
from htrtool.core.errors import InputError, ModelError
from htrtool.core.line_network import LineNetwork
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.lm.ngram import CAPITALS
from htrtool.core.lm.page_language import LanguageModel, Languages
from htrtool.core.lm.recurrent import RecurrentLM

MODES = ("network", "language")
"""What a line is decoded by, each with its own confidence: the network alone, or a language model too."""
CLEAR = 0.6
"""The least confidence of a line whose text tells what to expect of the next."""


class Reading(NamedTuple):
    """What was read of a line, and the share of its characters expected to be right, 0 to 1.

    ``centres`` is float (characters,): where each character stands, as a share of the prepared line's width. ``characters`` and
    ``words`` are how sure each of them is, 0 to 1; ``alternatives`` the next best texts, each with ``conf`` times its
    weight against that of the best.
    """

    text: str
    conf: float
    centres: np.ndarray
    characters: np.ndarray
    words: np.ndarray
    alternatives: tuple[tuple[str, float], ...] = ()

    def is_sure(self, least: float) -> bool:
        """Return whether its confidence, to the three decimals that are printed, is so much or more."""
        return round(self.conf, 3) >= least


class Context(NamedTuple):
    """What a line's page tells of how to read it: its language, ``""`` where that is not clear, whether it is in block letters,
    and the text ``before`` it, ``""`` where the line before is not read clearly or there is none.
    """

    language: str
    in_block_letters: bool
    before: str = ""

    def following(self, reading: Reading | None) -> Context:
        """Return the context of a line after one that was read so."""
        return self._replace(before=reading.text if reading is not None and reading.conf >= CLEAR else "")


class Draft(NamedTuple):
    """A line as far as it is read: what was seen of it, how it is to be read, and what was read."""

    looks: list[Look]
    context: Context
    reading: Reading


class Reader(LineNetwork):
    """A model, loaded to read line images: see :class:`LineNetwork`. Calls from several threads at once are fine."""

    def __init__(self, path: Path, threads: int = 1):
        super().__init__(path, threads)
        try:
            fitted = self.info.calibration
            network = fitted.get("network", {})
            self._confidence = {mode: Confidence.from_json(fitted.get(mode, network)) for mode in MODES}
            self._internal_lm = InternalLM.of(self.info.internal_lm, self.info.charset)
        except (InputError, AttributeError, TypeError) as error:
            raise ModelError(f"expected the metadata of an htr model, received something else ({error})", str(path)) from None
        self._models: Mapping[str, LanguageModel | None] = {}
        self._width = WIDTH
        self._searches: dict[tuple[str, int], BeamSearch] = {}
        self._preparing = threading.Lock()
        self._languages: Languages | None = None
        self._nbest = 1
        self._looks: int | None = 1

    def decode_with(
        self, languages: Languages | None, width: int = WIDTH, nbest: int = 1, looks: int | None = None
    ) -> None:
        """Decode from now on by beam search, not by the most probable class of each frame, where more is asked for than that.

        Args:
            languages: the language models that help, if any; a page is decoded with that of its language.
            width: how many prefixes are followed at a time, ``FINER`` times as many where a line is looked at ``MANY`` times.
            nbest: how many texts to give for a line; those after the best are its alternatives.
            looks: how often the network looks at a line, each time at another width; None for once, and more often
                where it is not sure. With a language model, and unless it looks but once, such lines of a document are
                read again when its hand is known.
        """
        models = languages.models if languages else {"": None}
        self._models, self._width, self._searches = models, max(width, nbest), {}
        self._languages, self._nbest, self._looks = languages, nbest, looks

    def _search(self, language: str, finer: int = 1) -> BeamSearch:
        with self._preparing:
            if (language, finer) not in self._searches:
                model = self._models[language]
                search = BeamSearch(self.info.charset, model, self._width, self._internal_lm, finer)
                self._searches[language, finer] = search
            return self._searches[language, finer]

    def further_views(self, line: np.ndarray, looks: Sequence[Look], reading: Reading) -> list[np.ndarray]:
        """Return a prepared line as the network is to look at it after some looks, the first at the line itself.

        Args:
            line: (height, width) uint8.
            reading: what was read in these looks.

        Returns:
            (height, width') uint8 each; empty if the looks that there were will do.
        """
        more = self._looks or looks_needed(len(looks), reading.conf)
        if more <= len(looks):
            return []
        itself = next(look for look in looks if look.width == line.shape[1])
        return views(line, more, len(self.glance(itself.probabilities)), self.info.pitch)

    def glance(self, probabilities: np.ndarray) -> str:
        """Return the text of a line, (frames, classes) of probabilities, that the most probable classes spell."""
        return best_path(probabilities, self.info.charset).text

    def languages_of(self, page: Sequence[str]) -> list[str]:
        """Return the language of each line of a page, read at a glance: ``""`` where none is clear or matters."""
        return [""] * len(page) if self._languages is None else self._languages.of(page)

    def decode(self, probabilities: np.ndarray, context: Context, texts: int, finer: int) -> list[Candidate]:
        """Return the best texts of a line, (frames, classes) of probabilities, best first: one at least.

        Args:
            finer: follow so many times as many prefixes as usual, if any are followed.
        """
        if not self._models or (self._languages is None and texts == 1):
            return [Candidate(*best_path(probabilities, self.info.charset), 0.0)]
        return self._search(context.language, finer).decode(probabilities, texts, context.before)

    def costs(self, text: str, language: str) -> np.ndarray:
        """Return what each character of a text costs in a language, in nats: float (characters,).

        Without a language model, that is what it costs by what the network expects, or nothing if that is not known.
        """
        if recurrent := self._recurrent(language):
            return recurrent.costs([text], language)[0][:-1]
        if self._languages:
            return self._languages.models[language].costs(text)
        return self._internal_lm.surprises(text) if self._internal_lm else np.zeros(len(text))

    def _recurrent(self, language: str) -> RecurrentLM | None:
        """Return the recurrent model that knows a language, if there is one: none knows what is in capitals."""
        return self._languages.recurrent if self._languages and language != CAPITALS else None

    def seen(
        self, found: Sequence[tuple[str, float]], placed: Sequence[tuple[Look, Candidate]], language: str
    ) -> list[Seen]:
        """Return what is known of the best text of a line, in each look that has room for it, given what :meth:`agreed` does."""
        text = found[0][0]
        labels, costs, borne_out = self.info.charset.encode(text), self.costs(text, language), support(found)
        return [Seen(look.probabilities, text, best.frames, labels, costs, borne_out) for look, best in placed]

    def judge(self, seen: Seen) -> Confidences:
        """Return how sure a reading is."""
        return self._confidence["language" if self._languages else "network"].judge(seen)

    def read_line(self, line: np.ndarray) -> Reading:
        """Read a prepared line, (height, width) uint8, by itself."""
        return self.read_page([line])[0]

    def read_page(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        """Read the prepared lines of a page, (height, width) uint8 each, one look after the other."""
        return [draft.reading for draft in self.drafts(lines)]

    def drafts(self, page: Sequence[np.ndarray]) -> list[Draft]:
        """Return the prepared lines of a page, (height, width) uint8 each, looked at as often as it takes, as read."""
        first = [[self._look(line)] for line in page]
        begun = list(self.begun(first, self.contexts(first)))
        return list(self.with_its_hand([self._draft(line, *draft) for line, draft in zip(page, begun)]))

    def begun(self, page: Iterable[list[Look]], contexts: Iterable[Context]) -> Iterator[Draft]:
        """Yield the lines of a page as they are read by the first look at each of them, one after the other."""
        reading = None
        for looks, context in zip(page, contexts):
            context = context.following(reading)
            reading = self.read(looks, context)
            yield Draft(looks, context, reading)

    def _draft(self, line: np.ndarray, looks: list[Look], context: Context, reading: Reading) -> Draft:
        while further := self.further_views(line, looks, reading):
            seen = {look.width: look for look in looks}
            looks = [seen.get(view.shape[1]) or self._look(view) for view in further]
            reading = self.read(looks, context)
        return Draft(looks, context, reading)

    def is_final(self, reading: Reading, lines: int) -> bool:
        """Tell whether a line of a document of so many lines will not be read otherwise when the document's hand is known."""
        return lines == 1 or self._languages is None or self._looks == 1 or reading.conf >= UNSURE

    def with_its_hand(self, document: Sequence[Draft]) -> Iterator[Draft]:
        """Yield the lines of a document; those that are not final are read by what all of them tell of its hand."""
        hand = None
        if not all(self.is_final(draft.reading, len(document)) for draft in document):
            hand = self._hand_of(document)
        reading = None
        for draft in document:
            if hand is not None and not self.is_final(draft.reading, len(document)):
                looks = [Look(look.width, hand.understood(look.probabilities)) for look in draft.looks]
                context = draft.context.following(reading)
                draft = Draft(looks, context, self.read(looks, context))
            reading = draft.reading
            yield draft

    def _hand_of(self, document: Sequence[Draft]) -> Hand | None:
        known = [
            Known(look.probabilities, self.info.charset.encode(draft.reading.text), draft.reading.characters)
            for draft in document
            for look in draft.looks
        ]
        return learn_hand(known)

    def _look(self, view: np.ndarray) -> Look:
        return Look(view.shape[1], self.probabilities([view])[0])

    def contexts(self, page: Sequence[Sequence[Look]]) -> list[Context]:
        """Return how to read each line of a page, given what the first look at each of them saw."""
        texts = [self.glance(look.probabilities) for (look,) in page]
        in_block = in_block_letters(texts)
        for place, looks in enumerate(page):
            if in_block[place]:
                texts[place] = self.glance(self._in_capitals(looks[0]).probabilities)
        return [Context(*context) for context in zip(self.languages_of(texts), in_block)]

    def read(self, looks: Sequence[Look], context: Context) -> Reading:
        """Read a line, given what some looks at it saw."""
        found, placed = self.agreed(looks, context)
        (text, score), *others = found
        places = [np.minimum((best.frames + 0.5) * self.info.stride / look.width, 1) for look, best in placed]
        sure = [self.judge(seen) for seen in self.seen(found, placed, context.language)]
        line, characters, words = (np.mean(parts, axis=0) for parts in zip(*sure))
        alternatives = tuple(
            (other, float(line) * math.exp(weight - score)) for other, weight in others[: self._nbest - 1]
        )
        return Reading(text, float(line), np.mean(places, axis=0), characters, words, alternatives)

    def agreed(
        self, looks: Sequence[Look], context: Context
    ) -> tuple[list[tuple[str, float]], list[tuple[Look, Candidate]]]:
        """Return the texts of a line that some looks found, as they agree on them, and where each look sees the best.

        Returns:
            The texts with their scores, best first, and those looks in which there is room for the best, with its frames.
        """
        if context.in_block_letters:
            looks = [self._in_capitals(look) for look in looks]
        texts = TEXTS if self._languages else TEXTS_ALONE if len(looks) > 1 else 1
        finer = FINER if self._languages and len(looks) >= MANY else 1
        asked = max(self._nbest, texts), finer
        for look in looks:
            if look.found is None or look.asked < asked:
                look.found, look.asked = self.decode(look.probabilities, context, *asked), asked
        found = self._ranked(looks, context)
        if recurrent := self._recurrent(context.language):
            found = reconsidered(found, recurrent, context.language)
        placed = [(look, self._placed(found[0][0], look)) for look in looks]
        return found, [(look, best) for look, best in placed if best is not None]

    def _in_capitals(self, look: Look) -> Look:
        if look.in_capitals is None:
            look.in_capitals = Look(look.width, in_capitals(look.probabilities, self.info.charset))
        return look.in_capitals

    def _ranked(self, looks: Sequence[Look], context: Context) -> list[tuple[str, float]]:
        """Return the texts that decoding found in some looks at a line, with their scores, best first."""
        if len(looks) == 1:
            return [(candidate.text, candidate.score) for candidate in looks[0].found]
        texts = list(dict.fromkeys(candidate.text for look in looks for candidate in look.found))
        search = self._search(context.language)
        priors = [search.prior(text, context.before) for text in texts]
        return ranked([search.softened(look.probabilities) for look in looks], texts, self.info.charset, priors)

    def _placed(self, text: str, look: Look) -> Candidate | None:
        """Return a text with its frames in a look, or None if there are too few of them."""
        for candidate in look.found:
            if candidate.text == text:
                return candidate
        found = align(look.probabilities, self.info.charset.encode(text))
        return found and Candidate(text, found.peaks, found.log_likelihood)
