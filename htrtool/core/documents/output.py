"""Pages read to documents, and where those are written."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

from htrtool.core.documents.alto import alto
from htrtool.core.documents.fill import fill_page
from htrtool.core.documents.hocr import hocr
from htrtool.core.documents.markup import to_bytes
from htrtool.core.documents.origin import HEAD, is_changed, is_foreign, is_of, is_part, marked, other_origin
from htrtool.core.documents.page_xml import page_xml
from htrtool.core.documents.xml_image import OF_PAGES
from htrtool.core.errors import HtrError, InputError, OutputError
from htrtool.core.files import check_folder, made_folder, replacing, same_file
from htrtool.core.names import printable_name
from htrtool.core.page import Page
from htrtool.core.pages import PageSource

WRITERS = {"alto": alto, "page": page_xml, "hocr": hocr}
SUFFIXES = {"alto": ".xml", "page": ".xml", "hocr": ".hocr"}
FILE_SUFFIXES = (".xml", ".alto", ".hocr", ".html", ".xhtml")
_FORMS = {b"alto": "alto", b"pcgts": "page", b"html": "hocr"}
_CALLED = {"alto": "ALTO", "page": "PAGE XML", "hocr": "hOCR"}
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(alto|PcGts|html)[\s>/]", re.IGNORECASE)
_END = re.compile(rb"</(?:[\w.-]+:)?(?:alto|PcGts|html)\s*>", re.IGNORECASE)
# How many bytes from a document's end on its last tag is looked for.
_TAIL = 1024


class Document(NamedTuple):
    """A document, the page that it is of, or the last one, and whether all that belongs in it could be read."""

    content: bytes
    source: PageSource
    is_whole: bool


def documents_of(pages: Iterable[Page], form: str, model: str, folder: str = ".") -> Iterator[Document]:
    """Turn pages into documents, one each; but a file of the kind that is asked for is filled in, all its pages.

    Args:
        form: one of ``WRITERS``.
        model: the name of the model that read the pages.
        folder: where the documents will be, from which they name their images.
    """
    filled: PageSource | None = None
    done = 0
    for page in pages:
        source = page.source
        if filled is not None and source.document is not filled.document:
            yield Document(to_bytes(filled.document.tree), filled, done == filled.pages)
            filled, done = None, 0
        if source.document is not None and source.document.kind == form:
            fill_page(page)
            filled, done = source, done + (not page.problems)
        else:
            yield Document(WRITERS[form](page, image_name(source, folder), model), source, not page.problems)
    if filled is not None:
        yield Document(to_bytes(filled.document.tree), filled, done == filled.pages)


def image_name(source: PageSource, folder: str) -> str:
    """Return the name by which a document in a folder finds its image: a path if it is below, else the name alone.

    Of a sample it is the key, by which ``htr eval`` finds it again. Of an image with several pages it is that of one page,
    as in a URL of a PDF: ``letter.pdf#page=2``.
    """
    if source.image:
        name = os.path.relpath(source.image, folder)
        if name.split(os.sep)[0] == os.pardir:
            name = os.path.basename(source.image)
    else:
        name = str(_sample_key(source.file) or os.path.basename(source.file))
    page = source.original.page if source.original else 1
    several = source.pages > 1 and source.document is None
    name = printable_name(name).replace(os.sep, "/")
    # A file may itself be called as if it were a page of another.
    return f"{name}#page={page}" if page > 1 or several or OF_PAGES.search(name) else name


def _sample_key(file: str) -> Path | None:
    """Return the key of a sample, which may have folders in it, from the name of its stream and the key; None if it is none."""
    # A pipe may hold one too, as "-" does.
    archive = next((parent for parent in Path(file).parents if str(parent) == "-" or os.path.exists(parent) and not os.path.isdir(parent)), None)
    return Path(file).relative_to(archive) if archive else None


def is_document_folder(output: str) -> bool:
    """Tell whether the place for documents is a folder: it is one, or new and does not end like a document's name."""
    path = Path(output)
    if output.endswith(("/", os.sep)) or os.path.isdir(output):
        return True
    return not os.path.exists(output) and path.suffix.lower() not in FILE_SUFFIXES


def write_in_folder(
    documents: Iterable[Document], folder: str, form: str, operands: Sequence[str], problem: Callable[[HtrError], None]
) -> None:
    """Write each document into a folder, as soon as it is there, named for its input and, of several pages, the page.

    It takes the place of an older one of that name, but not of one that was read from another file, that is not ours, or that was
    corrected.

    Args:
        operands: all inputs, of which some may have the same name in folders of their own.
        problem: called with the error of each document that can't be written.

    Raises:
        OutputError: the folder can't be made, or may not be written to.
    """
    check_folder(made_folder(Path(folder)))
    taken: dict[str, str] = {}
    stems = stems_of(operands)
    for content, source, is_whole in documents:
        name = document_name(source, form, stems)
        if name in taken:
            problem(OutputError(f"{name} is written for {taken[name]} already: give another -o for it", source.file))
            continue
        taken[name] = source.file
        place = Path(folder, name)
        if same_file(place, source.file) or same_file(place, source.image or ""):
            problem(OutputError("it would replace what is read: give another -o for it", str(place)))
            continue
        try:
            made_folder(place.parent)
            check_origin(place, source)
            if is_foreign(place):
                raise OutputError(f"{place} is there, which htr did not write: give another -o for it, or remove it", source.file)
            if is_changed(place) and _has_end(place.read_bytes()):
                raise OutputError(f"{place} was changed since htr wrote it: give another -o, or remove it, or give --skip-existing", source.file)
            with replacing(place) as stream:
                stream.write(marked(content, place, source.file, is_whole))
        except OutputError as error:
            problem(error)


def check_origin(place: Path, source: PageSource) -> None:
    """Check that a document that is there is not that of another file than a page's.

    Raises:
        OutputError: it is.
    """
    if other := other_origin(place, source.file):
        raise OutputError(
            f"{place} is that of {other}: give another -o for it, or, for files of one name in several folders, read all of them at once",
            source.file,
        )


def stems_of(operands: Sequence[str]) -> dict[str, str]:
    """Return what documents of inputs are called, without suffix: their names.

    Where several are named alike, it is their paths below the folder that they have in common, with a suffix where it takes
    that.
    """
    paths = {operand: os.path.abspath(operand) for operand in operands if operand != "-"}
    stems = {operand: os.path.splitext(os.path.basename(path))[0] for operand, path in paths.items()}
    if len(set(stems.values())) < len(set(paths.values())):
        below = os.path.commonpath([os.path.dirname(path) for path in paths.values()])
        whole = {operand: os.path.relpath(path, below) for operand, path in paths.items()}
        stems = {operand: os.path.splitext(path)[0] for operand, path in whole.items()}
        alike = Counter(stems[operand] for operand in {path: operand for operand, path in paths.items()}.values())
        stems = {operand: stem if alike[stem] == 1 else whole[operand] for operand, stem in stems.items()}
    return stems


def document_name(source: PageSource, form: str, stems: Mapping[str, str]) -> str:
    """Return the name of the document of a page, given those of all inputs by :func:`stems_of`."""
    file = source.file
    if file == "-":
        stem = "stdin"
    elif file in stems:
        stem = stems[file]
    elif key := _sample_key(file):
        stem = "_".join(key.parts)
    else:
        stem = os.path.splitext(os.path.basename(file))[0]
    whole = source.document is not None and source.document.kind == form
    number = f"-{source.page:0{len(str(source.pages))}d}" if source.pages > 1 and not whole else ""
    return stem + number + SUFFIXES[form]


class Existing:
    """The documents that a folder has already, of pages that are left out then.

    ``skipped`` are their names; ``problems`` tell of pages that are left out for a document of that name of another page.
    """

    def __init__(self, folder: str, form: str, operands: Sequence[str]):
        self.skipped: dict[str, PageSource] = {}
        self.problems: list[OutputError] = []
        self._folder, self._form, self._stems = Path(folder), form, stems_of(operands)

    def lacks(self, source: PageSource) -> bool:
        """Tell whether the document of a page is still to be written."""
        name = self._name_of(source)
        known = self.skipped.get(name)
        try:
            # Pages of a document that is filled in follow each other, under the one name.
            if known and not (known.file == source.file and known.page < source.page):
                raise OutputError(f"{name} is that of {known.file}: give another -o for it", source.file)
            if not known and not _is_whole(self._folder / name, self._form, source):
                return True
            check_origin(self._folder / name, source)
            # Without what loads it, which may hold a file open.
            self.skipped[name] = PageSource(source.file, source.page)
        except OutputError as error:
            self.problems.append(error)
        return False

    def _name_of(self, source: PageSource) -> str:
        """Return the name of a page's document: one that notes the page's file, as a run over other inputs may have named it, or its own."""
        name = document_name(source, self._form, self._stems)
        if source.file not in self._stems or is_of(self._folder / name, source.file):
            return name
        parts = Path(os.path.abspath(source.file)).parts[1:]
        below = [os.path.join(*parts[first:]) for first in reversed(range(len(parts)))]
        stems = [stem for path in below for stem in (os.path.splitext(path)[0], path)]
        names = (document_name(source, self._form, {source.file: stem}) for stem in stems)
        return next((other for other in names if is_of(self._folder / other, source.file)), name)


def _is_whole(place: Path, form: str, source: PageSource) -> bool:
    """Tell whether a document is there to its end, of which all could be read: a full disk or what copies files may leave an empty one, or
    its beginning.

    Raises:
        OutputError: what is there is of another kind.
    """
    if not os.path.isfile(place):
        return False
    try:
        with open(place, "rb") as stream:
            head = stream.read(HEAD)
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            tail = stream.read()
    except OSError as error:
        raise OutputError(f"can't read {place}, which is there: {error.strerror}", source.file) from None
    # Of UTF-16 what is looked for is what is left without zeros.
    root = _ROOT.search(head.replace(b"\0", b""))
    found = _FORMS[root[1].lower()] if root else None
    if head and found != form:
        raise OutputError(
            f"expected {_CALLED[form]} in {place}, found {_CALLED.get(found, 'something else')}: give another -o for it, or remove it", source.file
        )
    return _has_end(tail) and not is_part(head)


def _has_end(content: bytes) -> bool:
    return _END.search(content[-_TAIL:].replace(b"\0", b"")) is not None


def only(documents: Iterable[Document]) -> Document | None:
    """Return a single document, None if there is none.

    Raises:
        InputError: there are more.
    """
    found = None
    for document in documents:
        source = document.source
        # Of many pages the first tells already, but for those of a file that is filled in.
        if found is not None or (source.pages > 1 and source.document is None):
            raise InputError(
                "expected a single page, since this format holds a page a file, received more: "
                "give a folder to write to, -o DIR",
                source.file,
            )
        found = document
    return found
