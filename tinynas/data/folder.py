"""A folder of class folders, as people keep their photographs.

Either `DIR/<class>/...` or `DIR/train/<class>/...` with `val` (or `validation`) and `test` beside
it; a part that is not there is split off the training images, class by class, seeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tinynas.errors import InvalidInputError

_PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
_CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Listing:
    """Files by part (`train`, `validation`, `test`) and class; every class is in `train`."""

    root: Path
    files: dict[str, dict[str, list[Path]]] = field(repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.files["train"])

    def items(self) -> Iterator[tuple[str, int, Path]]:
        """(part, label, file) of every file, in a fixed order."""
        for part, classes in self.files.items():
            for name, files in classes.items():
                for file in files:
                    yield part, self.classes.index(name), file

    def name_of(self, file: Path) -> str:
        """How messages call a file: by its path within the folder."""
        return file.relative_to(self.root).as_posix()


def list_folder(root: Path) -> Listing:
    """The files of a folder of class folders.

    Raises:
        InvalidInputError: no such folder, nothing in it, one class only, a class that only the
            validation or test part has, or a part of another name.
    """
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise wrong(root, f"{root} {what}", "a folder of class folders")
    root = _unwrapped(root)
    files = {part: _classes(folder) for part, folder in _parts(root).items()}
    names = list(files["train"])
    if not names:
        raise wrong(root, f"{root} holds no class folders with files", "two class folders or more")
    if len(names) < 2:
        raise wrong(root, f"{root} holds one class only ({names[0]})", "two classes or more")
    for part, classes in files.items():
        if set(classes) != set(names):
            odd = sorted(set(classes) ^ set(names))[0]
            raise wrong(
                root,
                f"class {odd!r} is not in both {root / 'train'} and the {part} part",
                "the same classes in every part",
            )
    return Listing(root, files)


def wrong(root: Path, message: str, allowed: str, **details: object) -> InvalidInputError:
    return InvalidInputError(
        f"{message}; needed is {allowed}",
        field="dataset",
        given=str(root),
        allowed=allowed,
        **details,
    )


def _parts(root: Path) -> dict[str, Path]:
    """The folders that hold class folders; `root` itself as `train` if it is not divided."""
    folders = {folder.name.lower(): folder for folder in _folders(root)}
    if "train" not in folders or not _folders(folders["train"]):
        return {"train": root}
    strange = [folder for name, folder in folders.items() if name not in _PARTS]
    if strange:
        _refuse_unknown_parts(root, folders, strange[0])
        return {"train": root}
    if "val" in folders and "validation" in folders:
        raise wrong(root, f"{root} has both val and validation", "one validation part")
    return {part: folders[name] for name, part in _PARTS.items() if name in folders}


def _refuse_unknown_parts(root: Path, folders: dict[str, Path], strange: Path) -> None:
    """Where folders have the same class folders as `train` they are parts, and taken for classes
    they would make a network that tells training from test images."""

    def classes(folder: Path) -> set[str]:
        return {inner.name for inner in _folders(folder)}

    train = folders["train"]
    if any(classes(train) & classes(folder) for folder in folders.values() if folder != train):
        raise wrong(
            root,
            f"{root} has {strange.name} beside {train.name}",
            "no parts but train, val (or validation) and test",
        )


def _unwrapped(root: Path) -> Path:
    """Archives often hold one folder that holds everything: step into it."""
    folders = _folders(root)
    while len(folders) == 1 and len(_folders(folders[0])) > 1:
        root = folders[0]
        folders = _folders(root)
    return root


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not _is_clutter(path.name))


def _classes(root: Path) -> dict[str, list[Path]]:
    """Files by class, both sorted; folders without files are no classes."""
    classes = {folder.name: _files(folder) for folder in _folders(root)}
    return {name: files for name, files in classes.items() if files}


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(map(_is_clutter, path.relative_to(folder).parts))
    )


def _is_clutter(name: str) -> bool:
    """What file managers leave behind."""
    return name.startswith(".") or name.lower() in _CLUTTER
