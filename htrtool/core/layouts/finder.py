"""Where samples come from: the layout of a source, recognised by looking, and what is found in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable, Iterable, Iterator, Sequence

from htrtool.core.documents.xml_image import IMAGE_FOLDERS, XML_FOLDERS
from htrtool.core.documents.xml_in import is_alto, is_page_xml
from htrtool.core.errors import InputError, unreadable
from htrtool.core.files import inode_of
from htrtool.core.folders import folders_below, visible
from htrtool.core.kinds import is_tar, kind_in, peeked
from htrtool.core.layouts import iam
from htrtool.core.layouts import table as table_layout
from htrtool.core.layouts import xml as xml_layout
from htrtool.core.layouts.annotations import GIVEN_TWICE, Annotations, named_like_pictures_first
from htrtool.core.layouts.base import (
    FROM_STREAM,
    NO_PICTURE,
    NO_TEXT,
    OTHER_FORM,
    SEVERAL_LINES,
    Entry,
    Found,
    LeftOut,
    key_of,
    picture_entry,
    read_text,
)
from htrtool.core.layouts.pairs import GT, best_forms, image_of, stem_of, transcription_of, without_picture
from htrtool.core.layouts.stream import in_stream, in_tar
from htrtool.core.pictures import HEAD
from htrtool.core.samples import document_of
from htrtool.core.suffixes import is_image, is_pdf_name, is_tar_name
from htrtool.core.text_files import refuse_other_kind

if TYPE_CHECKING:
    from htrtool.core.layouts.page import PageCutter

ANNOTATED = "expected annotated pages, ALTO, PAGE or JSON"
ANNOTATIONS = (".xml", ".json")
OF_PAGE = "image of an annotated page, whose lines are those of its XML"
OF_TABLE = "picture of a table, which tells its text"
WRITTEN_TO = "it is where the samples are written to"
NO_COLUMNS = "table without columns of images and of transcriptions"
EXPECTED = (
    "expected images with .gt.txt or .txt beside them, a TSV, CSV or JSON lines of images and texts, IAM, ALTO or PAGE XML, "
    "a tar of samples, or images"
)
EXPECTED_OF = {
    "pairs": "expected images with .gt.txt or .txt beside them",
    "table": "expected a TSV, CSV or JSON lines of images and texts, named .tsv, .csv or .jsonl in a folder",
    "iam": "expected IAM, lines.txt or words.txt with its folders",
    "xml": "expected ALTO or PAGE XML",
    "tar": "expected a tar of samples, named .tar in a folder",
    "images": "expected images",
}
"""What is expected of a source whose layout is told."""


@dataclass
class Finder:
    """Finds what there is to take in a source.

    ``layout`` is one of ``LAYOUTS``; ``cutter`` says that an image without transcription is a page, and cuts it into
    lines; ``transcriptions`` names those of whole pages by their image; the columns are those of a table. ``without``
    are files and folders to leave out of folders, by device and inode, each with the reason to tell, if any, ``written`` is a
    folder to leave out, by its real path, that need not be there yet. ``recut`` says
    that nothing is taken but the lines of annotated pages, as so many threads find them on each.
    """

    layout: str = "auto"
    cutter: PageCutter | None = None
    transcriptions: Mapping[str, Path] = field(default_factory=dict)
    image_column: str | None = None
    text_column: str | None = None
    without: Mapping[tuple[int, int], str] = field(default_factory=dict)
    written: str | None = None
    recut: int | None = None
    _given: set[str] = field(default_factory=set, repr=False)
    _walked: set[str] = field(default_factory=set, repr=False)
    _claimed: dict[str, str] = field(default_factory=dict, repr=False)
    _annotations: Annotations = field(default_factory=Annotations, repr=False)
    _listed: tuple[Path, set[str]] | None = field(default=None, repr=False)

    def find(self, source: str) -> Iterator[Found]:
        """Yield what is found in a source, a path or ``-`` for a sample stream, in a fixed order and lazily.

        An error is yielded where something can't be used and the rest can. What was taken from another source already is
        left out.

        Raises:
            InputError: the source is missing, or nothing in it is of a layout that is known.
        """
        expected = EXPECTED_OF.get(self.layout, EXPECTED) if self.recut is None else ANNOTATED
        if source == "-" and self.recut is not None:
            raise InputError(f"{expected}, received standard input", source)
        if source == "-":
            with open(0, "rb", closefd=False) as stream:
                yield from self._in_stream(stream, source)
            return
        path = Path(source)
        try:
            if not path.exists():
                raise InputError(f"{expected}; found nothing of that name", source)
            if self._wants("pairs") and path.suffix.lower() == ".txt" and (image := image_of(path, self._names_in(path.parent))):
                # Given by a shell's "*" beside its image.
                path = image
            if self._is_given_again(path):
                yield LeftOut(str(path), GIVEN_TWICE)
                return
            found = self._in_folder(path) if path.is_dir() else self._in_file(path)
            first = next(found, None)
            if first is None:
                if path.is_file():
                    # Of what can't be opened no layout is to be told.
                    with open(path, "rb") as stream:
                        refuse_other_kind(stream.read(HEAD), source)
                pdf = is_pdf_name(path) and self.cutter is None and self.recut is None
                raise InputError(f"{expected}; {'--lines cuts a PDF into lines' if pdf else 'found none of them'}", source)
            yield first
            yield from found
        except OSError as error:
            raise unreadable(error, error.filename or source) from None

    def _is_given_again(self, path: Path) -> bool:
        """Tell whether a file or folder was given already, by itself or in a folder around it, and note that it was."""
        real = os.path.realpath(path)
        known = real in self._given or real in self._walked
        if self._walked and (is_image(path) or is_tar_name(path) or self._is_pdf(path)):
            known |= os.path.realpath(path.parent) in self._walked
        self._given.add(real)
        return known

    def _wants(self, *layouts: str) -> bool:
        return self.recut is None and self.layout in ("auto", *layouts)

    def _is_annotated(self, path: Path) -> bool:
        if self.recut is None:
            return self._wants("xml") and path.suffix.lower() == ".xml" and is_page_xml(path)
        from htrtool.core.linefinder.truth import is_annotated_page

        return is_annotated_page(path)

    def _in_file(self, path: Path) -> Iterator[Found]:
        prefix = name_of(path.resolve().parent)
        if not path.is_file() and self._wants("tar"):
            # What looks into a pipe takes from it.
            with open(path, "rb") as stream:
                yield from self._in_stream(stream, str(path))
        elif self._claimed and (is_image(path) or is_pdf_name(path)) and os.path.realpath(path) in self._claimed:
            yield LeftOut(str(path), self._claimed[os.path.realpath(path)])
        elif self._wants("images", "pairs") and (is_image(path) or self._is_pdf(path)):
            yield from self._of_image(path, key_of(prefix, stem_of(path.name)))
        elif self._wants("tar") and (is_tar_name(path) or self.layout == "tar"):
            yield from in_tar(path, self.cutter)
        elif self.recut is not None or self._wants("xml") and (self.layout == "xml" or is_page_xml(path)):
            yield from self._in_annotated(path, prefix)
        elif self._wants("iam") and path.suffix == ".txt" and iam.is_table(path):
            yield from self._rows(iam.in_table(path, prefix))
        elif self._wants("table") and (error := table_layout.parts_alone(path)):
            raise error
        elif self.layout == "auto" and table_layout.is_report(path):
            raise InputError("expected a table of pictures and texts, found one of scores or epochs", str(path))
        elif self._wants("table") and (self.layout == "table" or path.suffix.lower() in table_layout.TABLE_SUFFIXES):
            yield from self._rows(table_layout.in_table(path, prefix, self.image_column, self.text_column))
        else:
            # Its name does not tell, as that of a download may not, or that of a link to standard input.
            kind = kind_in(path)
            if self._wants("tar") and kind == "a tar":
                yield from in_tar(path, self.cutter)
            elif self._wants("images", "pairs") and (kind == "a picture" or self.cutter and kind == "a PDF"):
                yield from self._of_image(path, key_of(prefix, stem_of(path.name)))

    def _rows(self, found: Iterable[Found]) -> Iterator[Found]:
        """Yield what a table tells, and remember its pictures."""
        for item in found:
            if isinstance(item, Entry):
                self._claimed[os.path.realpath(item.name)] = OF_TABLE
            yield item

    def _in_annotated(self, path: Path, prefix: str) -> Iterator[Found]:
        """Yield the pages of a file of annotations, each page of an image once, and remember their images."""
        if self.recut is None:
            found = xml_layout.in_xml(path, prefix)
        else:
            from htrtool.core.layouts.recut import recut_pages

            found = recut_pages(path, prefix, self.recut)
        for item in found:
            if isinstance(item, Entry) and item.image is not None:
                self._claimed[os.path.realpath(item.image)] = OF_PAGE
                item = self._annotations.refusal(path, item.image, item.index, item.is_blank) or item
            yield item

    def _in_stream(self, stream: IO[bytes], name: str) -> Iterator[Found]:
        """Yield the samples of standard input or of another pipe, or the picture or PDF that it is, where pages are cut."""
        if self.cutter is not None:
            from htrtool.core.pages import stream_sources

            head, stream = peeked(stream)
            transcription = self.transcriptions.get(name)
            if transcription and is_tar(head):
                raise InputError("expected a picture or a PDF, which --text is for, received a tar", name)
            if head and not is_tar(head):
                # All of it, since the stream is closed when the lines are looked for.
                pages = list(stream_sources(stream, name))
                key = FROM_STREAM if name == "-" else key_of(stem_of(Path(name).name))
                yield Entry(name, lambda: self.cutter.lines_of(pages, name, key, transcription))
                return
        yield from in_stream(stream, name, self.cutter)

    def _of_image(self, path: Path, key: str) -> Iterator[Found]:
        if (page_text := self.transcriptions.get(str(path))) is not None:
            yield Entry(str(path), lambda: self.cutter.lines(path, key, page_text))
        else:
            yield from self._of_pair(path, key, self._names_in(path.parent) if self.layout != "images" else set())

    def _names_in(self, folder: Path) -> set[str]:
        """Return the names in a folder: of that of many images, given one by one, they are listed once."""
        if self._listed is None or self._listed[0] != folder:
            self._listed = folder, set(os.listdir(folder))
        return self._listed[1]

    def _of_pair(self, path: Path, key: str, names: set[str], alone: bool = True) -> Iterator[Found]:
        """Yield what is found of an image and its transcription, which is looked for among the names in its folder.

        An image that has none is taken ``alone``, or left out.
        """
        text = transcription_of(path, names)
        if self.cutter is not None:
            if text:
                yield Entry(str(path), lambda: self.cutter.transcribed(path, key, text))
            else:
                yield from self.cutter.entries(path, key)
            return
        if text is None and not alone:
            yield LeftOut(str(path), NO_TEXT)
            return
        try:
            content = None if text is None else read_text(text)
        except InputError as error:
            yield error
            return
        if content is not None and "\n" in content.strip():
            yield LeftOut(str(text), SEVERAL_LINES)
        else:
            yield picture_entry(path, key, content, {"document": document_of(key)})

    def _in_folder(self, folder: Path) -> Iterator[Found]:
        prefix = name_of(folder.resolve())
        candidates: list[Path] = []
        if self._wants("iam") and (table := iam.table_in(folder)):
            if self._is_given_again(table):
                yield LeftOut(str(table), GIVEN_TWICE)
            else:
                yield from self._rows(iam.in_table(table, prefix))
            return
        if self._wants("table"):
            named = self._named_as_tables(folder)
            yield from filter(None, map(table_layout.what_ails, named))
            candidates = [path for path in named if self._may_be_truth(path)]
            tables = [path for path in candidates if table_layout.is_table(path, self.image_column, self.text_column)]
            if not tables and (self.layout == "table" or self._has_columns()):
                # So that it is told what each lacks.
                tables = candidates
            for table in tables:
                yield from self._in_table(table, prefix)
            if tables:
                return
        found = False
        for item in self._walk(folder, prefix):
            found = True
            yield item
        if found:
            yield from (LeftOut(str(path), NO_COLUMNS, by_name=True) for path in candidates)
        elif reason := next((reason for path, reason in self._claimed.items() if os.path.dirname(path) in self._walked), None):
            yield LeftOut(str(folder), reason)

    def _named_as_tables(self, folder: Path) -> list[Path]:
        """Return the files of a folder that are named as tables are.

        Transcriptions beside the images are meant as such; a table next to them may be anything.
        """
        files = sorted(path for path in visible(folder.iterdir()) if self._unwanted(path) is None)
        named = [path for path in files if path.suffix.lower() in table_layout.TABLE_SUFFIXES and path.is_file()]
        are_beside = named and self.layout == "auto" and not self._has_columns() and self._are_transcribed(files)
        return [] if are_beside else named

    def _has_columns(self) -> bool:
        """Tell whether it is told what a column is called, as that of a table that is to be taken."""
        return self.image_column is not None or self.text_column is not None

    def _in_table(self, table: Path, prefix: str) -> Iterator[Found]:
        if error := table_layout.parts_alone(table):
            yield error
        elif self._is_given_again(table):
            yield LeftOut(str(table), GIVEN_TWICE)
        else:
            yield from self._rows(table_layout.in_table(table, prefix, self.image_column, self.text_column))

    def _are_transcribed(self, files: Sequence[Path]) -> bool:
        """Tell whether some files of a folder are the transcriptions of others, or annotations of pages."""
        names = {path.name for path in files}
        return any(
            path.name.lower().endswith(GT)
            or (is_image(path) and transcription_of(path, names) is not None)
            or (path.name.lower().endswith(ANNOTATIONS) and path.is_file() and self._is_annotated(path))
            for path in files
        )

    def _unwanted(self, path: Path) -> str | None:
        """Return the reason to leave a file or folder out, None if there is none."""
        return self.without.get(inode_of(path)) if self.without else None

    def _is_pdf(self, path: Path) -> bool:
        return self.cutter is not None and is_pdf_name(path)

    def _may_be_truth(self, path: Path) -> bool:
        """Return whether a table is not one of what was read or measured, unless any table is to be taken."""
        return self.layout == "table" or not (table_layout.is_output(path) or table_layout.is_report(path))

    def _walk(self, top: Path, prefix: str) -> Iterator[Found]:
        """Yield XML pages, tars and images with their transcriptions, folder by folder.

        An image without transcription that is not to be cut is taken only if nothing in the whole source has one: else it
        was forgotten.
        """
        transcribed = False
        # Of two annotations of a page that of PAGE is taken, in which passages may be tagged.
        alto: list[tuple[Path, str]] = []
        closed: list[OSError] = []
        walked = frozenset(self._walked)

        def passed_over(folder: Path) -> str | None:
            real = os.path.realpath(folder)
            return GIVEN_TWICE if real in walked else WRITTEN_TO if real == self.written else self._unwanted(folder)

        for folder, names in folders_below(top, passed_over, closed.append):
            self._walked.add(os.path.realpath(folder))
            known = set(names)
            under = _below(prefix, folder, top)
            for name in named_like_pictures_first(names):
                path = folder / name
                if (reason := self._unwanted(path)) is not None:
                    if reason:
                        yield LeftOut(str(path), reason, by_name=True)
                    continue
                found: Iterator[Found] = iter(())
                if name.lower().endswith(ANNOTATIONS) and self._is_annotated(path):
                    if is_alto(path):
                        alto.append((path, under))
                        continue
                    found = self._in_annotated(path, under)
                elif self._wants("tar") and is_tar_name(name):
                    found = in_tar(path, self.cutter)
                elif self._wants("pairs") and not transcribed and is_image(name):
                    transcribed = transcription_of(path, known) is not None
                for item in found:
                    transcribed = True
                    yield item
        for item in (item for path, under in alto for item in self._in_annotated(path, under)):
            transcribed = True
            yield item
        yield from (unreadable(error, error.filename) for error in closed)
        if self._wants("pairs", "images"):
            yield from self._pictures(top, prefix, passed_over, not transcribed)

    def _pictures(self, top: Path, prefix: str, passed_over: Callable[[Path], str | None], alone: bool) -> Iterator[Found]:
        """Yield images with their transcriptions, folder by folder, and where pages are cut PDFs; see :meth:`_of_pair`."""
        for folder, names in folders_below(top, passed_over):
            if self.layout == "images":
                names = [name for name in names if is_image(name)]
            yield from (LeftOut(str(folder / name), NO_PICTURE) for name in without_picture(names))
            names = [name for name in names if os.path.realpath(folder / name) not in self._claimed]
            under = _below(prefix, folder, top)
            known = set(names)
            for name, is_best in best_forms(names):
                path = folder / name
                if is_best:
                    yield from self._of_pair(path, key_of(under, stem_of(name)), known, alone)
                else:
                    yield LeftOut(str(path), OTHER_FORM)
            for name in filter(lambda name: self._is_pdf(folder / name), names):
                yield from self._of_image(folder / name, key_of(under, stem_of(name)))


def _below(prefix: str, folder: Path, top: Path) -> str:
    """Return the folders of the keys of what lies in a folder below another, whose keys begin with a prefix."""
    return key_of(prefix, str(folder.relative_to(top)), "x").rpartition("/")[0]


def name_of(folder: Path) -> str:
    """Return the name that the keys of what lies in a folder begin with; ``folder`` is resolved.

    Its own, or where it is kept for XML or for images, as each document has one, that of the folder around it.
    """
    named = folder.parent if folder.name in (*XML_FOLDERS, *IMAGE_FOLDERS) else folder
    return named.name or folder.name
