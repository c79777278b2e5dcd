"""A reader with the language model that a user asks for, by name or file, and the words of a lexicon."""

from __future__ import annotations

import math
import os
from pathlib import Path

from htrtool.core.charset import Charset
from htrtool.core.decoding.beam import WIDTH
from htrtool.core.errors import InputError
from htrtool.core.labels import capitals, plain
from htrtool.core.lm.lexicon import Lexicon
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import CAPITALS, ROOT, STEP, SUFFIX, NGram, load_models
from htrtool.core.lm.page_language import Languages
from htrtool.core.lm.recurrent import RecurrentLM
from htrtool.core.modelfile import DEFAULT_MODEL, find_model
from htrtool.core.reader import Reader
from htrtool.core.text_files import read_utf8

LEAST_SHARE = 0.9
"""Of the letters of the text that the default model learned from, the share that a charset must be able to write."""


def reader_for(
    model: str,
    lm: str = "auto",
    lexicon: str | None = None,
    beam: int = WIDTH,
    nbest: int = 1,
    looks: int | None = None,
    threads: int = 1,
) -> Reader:
    """Return a reader with the model and the language model of these names, see :func:`load_language`.

    Args:
        beam: how many prefixes the search with a language model follows at a time.
        nbest: how many texts to give for a line.
        looks: how often the network looks at a line, each time at another width; None for once, and more often where
            it is not sure.
        threads: the threads that the network uses for one batch.

    Raises:
        ModelError: there is no such model or language model, or it is broken.
        InputError: the lexicon can't be used.
    """
    reader = Reader(find_model(model), threads)
    language = load_language(lm, lexicon, reader.info.charset)
    if language or nbest > 1 or looks != 1:
        reader.decode_with(language, beam, nbest, looks)
    return reader


def load_language(name: str, lexicon: str | None, charset: Charset) -> Languages | None:
    """Return a language model.

    Args:
        name: that of an installed model, a path, ``none``, or ``auto``: the one that is shipped, if ``charset`` has
            the letters of its languages; or several of them with ``+`` between, which are mixed.
        lexicon: a file of words to prefer, one a line; ``-`` is standard input.

    Raises:
        ModelError: there is no such model, or it is broken.
        InputError: a name is empty, the lexicon can't be read, or there is no language model that it could work with.
    """
    parts = [(part, models) for part in _parts(name) if (models := _models(part, charset))]
    models = _mixed([models for _, models in parts], charset)
    if lexicon is not None:
        if not models:
            raise InputError("a lexicon works through a language model: give --lm NAME, not none", lexicon)
        words = _words(lexicon)
        in_capitals = [capitals(word) for word in words]
        models = {
            language: Lexicon(model, in_capitals if language == CAPITALS else words) for language, model in models.items()
        }
    if not models:
        return None
    return Languages(models, next(filter(None, (RecurrentLM.load(_file_of(part)) for part, _ in parts)), None))


def language_files(name: str) -> list[Path]:
    """Return the files that :func:`load_language` reads the language models of this name from.

    Raises:
        ModelError: there is no such model.
        InputError: a name is empty.
    """
    return [_file_of(part) for part in _parts(name) if part != "none"]


def _parts(name: str) -> list[str]:
    parts = [name] if os.path.isfile(name) else name.split("+")
    if not all(parts):
        raise InputError(f"expected the name of a language model, or several with + between, received {name!r}")
    return parts


def _file_of(part: str) -> Path:
    return find_model(DEFAULT_MODEL if part == "auto" else part, SUFFIX)


def _models(name: str, charset: Charset) -> dict[str, NGram]:
    if name == "none":
        return {}
    if name != "auto":
        return load_models(_file_of(name))
    return load_models(_file_of(name), lambda model: _share(model, charset) >= LEAST_SHARE)


def _mixed(parts: list[dict[str, NGram]], charset: Charset) -> dict[str, NGram | Mixture]:
    """Return the models by language, mixed where there are several; one that lacks a language gives that of all."""
    if len(parts) == 1:
        return parts[0]
    languages = dict.fromkeys(language for models in parts for language in models)
    return {language: Mixture([models.get(language, models[""]) for models in parts], charset) for language in languages}


def _words(lexicon: str) -> list[str]:
    if lexicon.lower().endswith(SUFFIX):
        raise InputError("expected a list of words, one a line, received a language model: give it to --lm", lexicon)
    return list(filter(None, map(plain, read_utf8(lexicon).splitlines())))


def _share(model: NGram, charset: Charset) -> float:
    """Return the share of the letters of a model's text that are in a charset."""
    letters = {c: math.exp(-STEP * model.step(ROOT, model.symbol(c))[0]) for c in model.characters if c.isalpha()}
    return sum(share for letter, share in letters.items() if letter in charset) / sum(letters.values())
