"""The store: the directory that holds all homes."""

from __future__ import annotations

import os

from central_venv import files, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES = {
    # https://bford.info/cachedir/: the first line is the signature that backup programs look for.
    "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# Virtual environments made by central-venv: they can be made again, so backups may skip them.\n",
    ".gitignore": b"*\n",
}


class Store:
    """A store at a path, whether it exists or not.

    Attributes:
        path: its absolute path.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def homes(self) -> Iterator[str]:
        """The path of each home in the store, whoever made it, in order of their names."""
        for entry in files.entries(self.path, follow=True):
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield entry.path

    def prepare(self) -> None:
        """Make the store if need be.

        Raises:
            StoreError: it cannot be made or written.
        """
        made = files.make_private_directory(self.path)
        if made or next(files.entries(self.path, follow=True), None) is None:
            # A directory with other things in it stays as it is.
            for name, content in _FILES.items():
                files.write(os.path.join(self.path, name), content)
            # Made before the disk is full: what frees space must not need any.
            files.make_private_directory(layout.trash_directory(self.path))
            from central_venv import backups

            backups.exclude(self.path)
