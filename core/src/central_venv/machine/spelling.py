"""How a file system tells the names of a directory apart: some take names for one that differ in case only.

Of these, some list a name as it was made, and some in small letters.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def comparable(path: str) -> Callable[[str], str]:
    """What turns each of two names into one that can be compared, wherever a file or directory lies.

    Args:
        path: absolute path of something that is there, and has a letter in its name.
    """
    directory, name = os.path.split(path)
    other = name.swapcase()
    try:
        is_one = os.path.lexists(os.path.join(directory, other)) and not {name, other} <= set(os.listdir(directory))
    except OSError:  # nobody can tell
        is_one = False
    return str.lower if is_one else str
