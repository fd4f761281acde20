"""A zip from a stranger, unpacked so that nothing of it decides where anything is written.

Files get numbers for names; folders keep theirs, which must be plain.  What an archive says about
its sizes is not believed: bytes are counted as they come.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from tinynas.errors import InvalidInputError

MAX_DEPTH = 8
MAX_FOLDER_NAME = 100
MAX_FILE_BYTES = 64 << 20
_DIRECTORY_BYTES = 200  # of the central directory, for each image that is allowed
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
_CLUTTER = {"__macosx", "thumbs.db", "desktop.ini"}
_CHUNK = 1 << 20


@dataclass(frozen=True)
class UploadLimits:
    """Of one data set: bytes as sent, bytes unpacked, number of images."""

    upload_bytes: int
    unpacked_bytes: int
    images: int


def unpack(archive: Path, out: Path, limits: UploadLimits) -> dict[Path, str]:
    """Files below `out`, with the name that each has in the archive.

    Raises:
        InvalidInputError: not a zip, damaged, or not as it should be; names the member.
    """
    try:
        _check_directory(archive, limits)
        with zipfile.ZipFile(archive) as files:
            return _extract(files, out, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of this machine's disk, not of the archive
        refuse(f"the archive is no whole zip: {error}", "a zip of class folders")
    except (NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        refuse(f"the archive cannot be read: {error}", "a plain zip, stored or deflated")


def refuse(message: str, allowed: str, given: str = "the archive") -> NoReturn:
    raise InvalidInputError(message, field="archive", given=given, allowed=allowed)


def _check_directory(archive: Path, limits: UploadLimits) -> None:
    """Refuse an archive of too many members before its directory is read into memory."""
    with archive.open("rb") as file:
        count, size = _directory(file)
    if count > 2 * limits.images or size > max(1 << 20, _DIRECTORY_BYTES * limits.images):
        refuse(
            f"the archive has {count:,} members ({size:,} bytes of names)",
            f"at most {limits.images:,} images",
        )


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Number of members and bytes of the central directory, as the archive's end claims.

    PKWARE's APPNOTE, 4.3.14 to 4.3.16.
    """
    length = file.seek(0, 2)
    file.seek(max(0, length - 65_557))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) - end < 22:
        refuse("what was sent is no zip", "a zip of class folders")
    count, size = struct.unpack_from("<HI", tail, end + 10)
    if tail[max(0, end - 20) : max(0, end - 20) + 4] == b"PK\6\7":  # Zip64's locator
        (place,) = struct.unpack_from("<Q", tail, end - 20 + 8)
        file.seek(min(place, length))
        wide = file.read(56)
        if len(wide) == 56 and wide[:4] == b"PK\6\6":
            count, size = struct.unpack_from("<QQ", wide, 32)
    return count, size


def _extract(files: zipfile.ZipFile, out: Path, limits: UploadLimits) -> dict[Path, str]:
    members: list[tuple[tuple[str, ...], zipfile.ZipInfo]] = []
    for info in files.infolist():
        parts = _parts(info)
        if parts and not info.is_dir():
            members.append((parts, info))
    if len(members) > limits.images:
        refuse(f"the archive has {len(members):,} files", f"at most {limits.images:,} images")
    names: dict[Path, str] = {}
    left = limits.unpacked_bytes
    # In the order in which a folder of them would be read, so that both are the same data set.
    for number, (parts, info) in enumerate(sorted(members, key=lambda member: member[0])):
        folder = out.joinpath(*parts[:-1])
        folder.mkdir(parents=True, exist_ok=True)
        suffix = PurePosixPath(parts[-1]).suffix.lower()
        target = folder / f"{number:07d}{suffix if suffix in _SUFFIXES else '.bin'}"
        left -= _write(files, info, target, left)
        names[target] = info.filename
    return names


def _write(files: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int) -> int:
    written = 0
    with files.open(info) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > MAX_FILE_BYTES:
                refuse(
                    f"{info.filename!r} is larger than {MAX_FILE_BYTES:,} bytes",
                    "images of usual size",
                    info.filename,
                )
            if written > left:
                refuse("the archive unpacks to too much", "a smaller data set", info.filename)
            file.write(chunk)
    return written


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    """Where a member lies, none for what file managers leave behind; refuses what is not plain."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        refuse(f"{name!r} is a link or a device", "plain files in folders", name)
    if info.flag_bits & 0x1:
        refuse(f"{name!r} is encrypted", "files without a password", name)
    if info.compress_type not in _METHODS:
        refuse(f"{name!r} is packed by method {info.compress_type}", "stored or deflated", name)
    parts = tuple(name.removesuffix("/").split("/"))
    if len(parts) > MAX_DEPTH or not all(_is_plain(part) for part in parts):
        refuse(
            f"{name!r} is no plain path",
            f"up to {MAX_DEPTH} folders with printable names of at most {MAX_FOLDER_NAME} "
            "characters, none of them '..'",
            name,
        )
    if any(part.startswith(".") or part.lower() in _CLUTTER for part in parts):
        return ()
    return parts


def _is_plain(part: str) -> bool:
    return (
        0 < len(part) <= MAX_FOLDER_NAME
        and part.isprintable()
        and part.strip() == part
        and part not in (".", "..")
        and not set(part) & set('\\:*?"<>|')
    )
