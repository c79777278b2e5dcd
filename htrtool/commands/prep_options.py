"""The options of ``htr prep``, in groups, as click decorators that pass what each group describes."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Callable

import click

from htrtool.core.bounds import BOUNDS
from htrtool.core.errors import InputError
from htrtool.core.layouts import LAYOUTS
from htrtool.core.recipe import BINARISATIONS, NORMALISATIONS, Recipe
from htrtool.core.session import usable_cpus
from htrtool.options import FiniteRange, refuse

FOR_PICTURES = ("layout", "image_column", "text_column", "lines", "min_conf", "page_texts", "recut", "words", "markup")
FOR_SYNTHESIS = ("fonts", "hands", "hands_share", "count", "seed", "languages")


class Parts(click.ParamType):
    """Parts of the data, such as ``train=90,val=10``."""

    name = "parts"

    def convert(self, value, param, context):
        from htrtool.core.split import Split

        try:
            return value if isinstance(value, Split) else Split.parse(value)
        except InputError as error:
            self.fail(str(error), param, context)


class Languages(click.ParamType):
    """Shares of languages, such as ``en=70,fr=30``."""

    name = "languages"

    def convert(self, value, param, context):
        from htrtool.core.split import parse_shares

        try:
            return value if isinstance(value, dict) else dict(parse_shares(value, "languages", "en=70,fr=30"))
        except InputError as error:
            self.fail(str(error), param, context)


class Pattern(click.ParamType):
    """A regular expression."""

    name = "regex"

    def convert(self, value, param, context):
        try:
            return re.compile(value)
        except re.error as error:
            self.fail(f"expected a regular expression, received {value!r}: {error}", param, context)


@dataclass(frozen=True)
class SourceOptions:
    """What the sources are like; ``min_conf`` is the least confidence of readings that are written beside lines; ``page_texts``
    are transcriptions of whole pages; ``recut`` says that they are annotated pages whose lines are cut anew; ``check``
    distrusts all texts; ``words`` is the most words that a line is cut into.
    """

    layout: str
    lines: bool
    min_conf: float
    image_column: str | None
    text_column: str | None
    page_texts: tuple[str, ...]
    recut: bool
    check: bool
    words: int | None


@dataclass(frozen=True)
class SynthesisOptions:
    """What to write, given ``--synth``: fonts, samples of hands, how many lines, the seed, and the shares of languages.

    ``hands_share`` is in percent.
    """

    fonts: tuple[str, ...]
    hands: tuple[str, ...]
    hands_share: float
    count: int
    seed: int
    languages: dict[str, float] | None


def choice(names: tuple[str, ...], default: str) -> dict:
    """Return the settings of an option that takes one of ``names``."""
    return {"type": click.Choice(names), "default": default, "show_default": True}


def number(low: int, default: int, high: int | None = None, metavar: str = "N") -> dict:
    """Return the settings of an option that takes a whole number."""
    return {"type": click.IntRange(low, high), "default": default, "show_default": True, "metavar": metavar}


def with_finder(function: Callable) -> Callable:
    """Add the options that say what sources are like, and pass :class:`SourceOptions`, ``looking``, in their place."""

    @click.option(
        "--from", "layout", help="The layout of the sources, where looking does not tell.", **choice(LAYOUTS, "auto")
    )
    @click.option("--image-column", metavar="NAME", help="The column of images in a table.  [default: by the header]")
    @click.option("--text-column", metavar="NAME", help="The column of texts in a table.  [default: by the header]")
    @click.option(
        "--lines",
        is_flag=True,
        help="Cut images and PDFs without transcription, which are pages, into their lines; with -o DIR/ the model's reading is "
        "written beside each, to be corrected. A transcription of several lines beside an image is shared out among its "
        "lines.",
    )
    @click.option(
        "--min-conf",
        type=FiniteRange(*BOUNDS["min_conf"]),
        default=0,
        show_default=True,
        metavar="CONF",
        help="With --lines and -o DIR/: write no reading beside lines that are read with less confidence, so that they are left "
        "out of training until someone transcribes them.",
    )
    @click.option(
        "--text",
        "page_texts",
        metavar="FILE",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="The transcription of the page that SOURCE shows: each line gets its part of it. May be given again, one "
        "for each SOURCE, in their order; of a letter on several pictures, its whole text may stand for each of them.",
    )
    @click.option(
        "--recut",
        is_flag=True,
        help="SOURCES are annotated pages (ALTO, PAGE or JSON): cut their lines not as annotated but as htr read would, so "
        "that a model learns from what it will see.",
    )
    @click.option(
        "--check",
        is_flag=True,
        help="Leave out lines whose picture does not show their text, as far as the model can tell; of those that --synth makes, also lines "
        "that it can hardly read.",
    )
    @click.option(
        "--words",
        type=click.IntRange(min=1),
        metavar="N",
        help="Cut lines into pieces of 1 to N words, at gaps that the model finds, so that a model learns to read lone words, "
        "as in the fields of forms. Lines whose picture does not show their text are left out.",
    )
    @functools.wraps(function)
    def wrapper(*args, layout, lines, min_conf, image_column, text_column, page_texts, recut, check, words, **kwargs):
        if layout not in ("auto", "table") or page_texts or recut:
            refuse(("image_column", "text_column"), "is about tables, which --text, --recut and --from with another layout take none from")
        looking = SourceOptions(layout, lines, min_conf, image_column, text_column, page_texts, recut, check, words)
        return function(*args, looking=looking, **kwargs)

    return wrapper


def with_synthesis(function: Callable) -> Callable:
    """Add ``--synth`` and what belongs to it, and pass ``synthesis``: :class:`SynthesisOptions`, or None without it."""

    @click.option("--synth", is_flag=True, help="Write the texts in SOURCE as handwriting; no pictures are read.")
    @click.option(
        "--fonts",
        metavar="DIR|FILE",
        type=click.Path(exists=True),
        multiple=True,
        help="With --synth: a folder of handwriting fonts, or one font; may be given again.",
    )
    @click.option(
        "--hands",
        metavar="DATA",
        multiple=True,
        help="With --synth: transcribed lines of real hands, in any layout that htr train takes, whose letters are used, "
        "but for those marked val or test; may be given again.",
    )
    @click.option(
        "--hands-share",
        type=FiniteRange(0, 100),
        default=50,
        show_default=True,
        metavar="PERCENT",
        help="With --fonts and --hands: the share of the lines that are written in the hands.",
    )
    @click.option("--count", help="With --synth: how many lines to write.", **number(1, 10_000))
    @click.option("--seed", help="With --synth: another seed, other lines; the same, the same.", **number(0, 0))
    @click.option(
        "--language",
        "languages",
        type=Languages(),
        metavar="NAME=PERCENT,...",
        help="With --synth: the share of each language, such as en=70,fr=30.  [default: all alike]",
    )
    @functools.wraps(function)
    def wrapper(*args, synth, fonts, hands, hands_share, count, seed, languages, **kwargs):
        if synth:
            refuse(FOR_PICTURES, "is about pictures that are read: --synth reads none")
            if not fonts and not hands:
                raise click.UsageError(
                    "--synth writes in handwriting fonts or real hands: name a folder of fonts with --fonts, or "
                    "transcribed lines with --hands"
                )
        else:
            refuse(FOR_SYNTHESIS, "is about handwriting that is made: give --synth too")
        synthesis = SynthesisOptions(fonts, hands, hands_share, count, seed, languages) if synth else None
        return function(*args, synthesis=synthesis, **kwargs)

    return wrapper


def with_recipe(function: Callable) -> Callable:
    """Add the steps of the preparation of pictures, and pass a ``recipe`` in their place."""

    @click.option(
        "--normalise",
        help="Even out the paper's tone (stains, shadows) and stretch the contrast.",
        **choice(NORMALISATIONS, "background"),
    )
    @click.option("--remove-rules", is_flag=True, help="Take out the ruled lines of the paper.")
    @click.option("--deskew/--no-deskew", default=True, show_default=True, help="Turn lines level.")
    @click.option(
        "--deslant/--no-deslant", default=True, show_default=True, help="Shear lines so that letters stand upright."
    )
    @click.option(
        "--binarise",
        help="Make ink black and paper white; wolf, nick, isauvola and su are made for bad scans.",
        **choice(BINARISATIONS, "none"),
    )
    @click.option("--height", help="The height of the lines.", **number(8, 64, 512, "PIXELS"))
    @functools.wraps(function)
    def wrapper(*args, normalise, remove_rules, deskew, deslant, binarise, height, **kwargs):
        recipe = Recipe(normalise, remove_rules, deskew, deslant, binarise, height)
        return function(*args, recipe=recipe, **kwargs)

    return wrapper


def with_limits(function: Callable) -> Callable:
    """Add the filters of samples, and pass ``limits`` in their place."""

    @click.option("--min-chars", help="Leave out shorter transcriptions.", **number(1, 1))
    @click.option("--max-chars", help="Leave out longer transcriptions.", **number(1, 1000))
    @click.option(
        "--min-width", help="Leave out lines narrower than this at --height.", **number(1, 8, metavar="PIXELS")
    )
    @click.option(
        "--max-width", help="Leave out lines wider than this at --height.", **number(1, 20_000, metavar="PIXELS")
    )
    @functools.wraps(function)
    def wrapper(*args, min_chars: int, max_chars: int, min_width: int, max_width: int, **kwargs):
        from htrtool.core.collect import Limits

        return function(*args, limits=Limits(min_chars, max_chars, min_width, max_width), **kwargs)

    return wrapper


def with_maker(function: Callable) -> Callable:
    """Add all that decides what a line becomes, recipe and limits among it, and pass a ``maker`` in its place."""

    @with_recipe
    @click.option(
        "--labels",
        "label_form",
        help="Make quotes, dashes, spaces, ſ, ¬ and ^ in transcriptions plain, or keep them.",
        **choice(("plain", "keep"), "plain"),
    )
    @click.option(
        "--markup",
        help="Of transcriptions with editorial markup such as >struck<, [supplied], <> or XXX: keep them, drop the "
        "sample, or strip the signs and drop the sample only if something is unread.",
        **choice(("keep", "drop", "strip"), "keep"),
    )
    @click.option(
        "--split",
        type=Parts(),
        metavar="NAME=PERCENT,...",
        help="Split by writer or document, such as train=90,val=10; data added later moves no document.",
    )
    @click.option(
        "--document",
        type=Pattern(),
        metavar="REGEX",
        help="A sample's document is what REGEX, or its first group, matches in the sample's key; "
        "'.*' makes each its own.",
    )
    @with_limits
    @click.option(
        "--image-format",
        "form",
        help="The format of the pictures: png loses nothing, the others are smaller.",
        **choice(("png", "webp", "jpg"), "png"),
    )
    @functools.wraps(function)
    def wrapper(*args, recipe, limits, label_form, markup, split, document, form, **kwargs):
        from htrtool.core.collect import Maker

        maker = Maker(recipe, limits, label_form, markup, split, document, form)
        return function(*args, maker=maker, **kwargs)

    return wrapper


def with_output(function: Callable) -> Callable:
    """Add where samples go, ``output``, and how many lines are worked on at once, ``jobs``."""

    @click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="How many lines are worked on at once.  [default: the CPUs that may be used]",
    )
    @click.option(
        "-o",
        "--output",
        metavar="FILE|DIR",
        help="Write to FILE.tar, or compressed to FILE.tar.gz, .tar.bz2 or .tar.xz; to a folder DIR/, pictures with .gt.txt "
        "beside them, or with --split one tar for each part.  [default: standard output]",
    )
    @functools.wraps(function)
    def wrapper(*args, jobs: int | None, **kwargs):
        return function(*args, jobs=jobs or usable_cpus(), **kwargs)

    return wrapper
