"""What files are, as far as the suffixes of their names tell."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".jp2", ".pnm", ".pgm", ".ppm", ".pbm", ".gif"),
    *(".heic", ".heif", ".avif"),
)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def is_image(name: str | Path) -> bool:
    """Tell whether a file name is that of an image."""
    return str(name).lower().endswith(IMAGE_SUFFIXES)


def is_pdf_name(name: str | Path) -> bool:
    """Tell whether a file name is that of a PDF."""
    return str(name).lower().endswith(".pdf")


def is_tar_name(name: str | Path) -> bool:
    """Tell whether a file name is that of a tar."""
    return str(name).lower().endswith(TAR_SUFFIXES)


def image_names(stem: str) -> Iterator[str]:
    """Yield the names that an image with this stem may have; cameras write suffixes in capitals."""
    return (stem + cased for suffix in IMAGE_SUFFIXES for cased in (suffix, suffix.upper()))
