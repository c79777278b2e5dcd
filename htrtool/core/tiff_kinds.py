"""Of what kind a TIFF is, as its tags tell, where Pillow can't decode it, or makes something else of it without a word."""

from __future__ import annotations

from typing import IO, Any, Mapping

from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

from htrtool.core.errors import BROKEN_PICTURE, InputError

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _SAMPLES, _PLANES, _FORMAT = 256, 257, 258, 259, 277, 284, 339
_PLACES = (273, 324)
_APART, _UNPACKED = 2, 1
_NUMBERS = {2: ", with a sign", 3: ", floating point"}
_BIG = 43


def tags_of(stream: IO[bytes]) -> Mapping[int, Any]:
    """Return the tags of the first page of a TIFF, as far as they can be read."""
    stream.seek(0)
    header = stream.read(8)
    try:
        if header[2:3] == bytes([_BIG]) or header[3:4] == bytes([_BIG]):
            header += stream.read(8)
        tags = ImageFileDirectory_v2(header)
        stream.seek(tags.next)
        tags.load(stream)
        # It reads a tag's value when that is asked for.
        return dict(tags)
    except BROKEN_PICTURE:
        return {}


def is_told(tags: Mapping[int, Any]) -> bool:
    """Tell whether the tags are those of a page, so that if it can't be decoded it is of a kind that is not known, not broken."""
    return _WIDTH in tags and _LENGTH in tags and any(place in tags for place in _PLACES)


def is_misread(tags: Mapping[int, Any]) -> bool:
    """Tell whether Pillow decodes a page to something else than it shows: some kinds of those with planes apart, which it opens."""
    if tags.get(_PLANES) != _APART:
        return False
    is_unpacked = tags.get(_COMPRESSION, _UNPACKED) == _UNPACKED
    # It takes the halves of such samples for two, and finds no opacity beside gray.
    return tags.get(_SAMPLES) == 2 or is_unpacked and max(tags.get(_BITS, (1,))) > 8


def of_other_kind(tags: Mapping[int, Any], name: str) -> InputError:
    """Return the error of a page that can't be decoded, which says of what kind it is."""
    samples, bits = tags.get(_SAMPLES, 1), tags.get(_BITS, (1,))
    kind = f"{samples} channel{'s' * (samples != 1)} of {max(bits)} bits{_NUMBERS.get(max(tags.get(_FORMAT, (1,))), '')}"
    if samples > 1 and tags.get(_PLANES) == _APART:
        kind += ", in planes apart"
    if (compression := tags.get(_COMPRESSION, _UNPACKED)) not in COMPRESSION_INFO:
        kind += f", with compression {compression}"
    return InputError(f"expected a TIFF that can be decoded, received one of {kind}: save it as gray or colour of 8 bits, as PNG or JPEG", name)
