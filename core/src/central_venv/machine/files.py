"""Reading and writing central-venv's own small files.

A reader sees the old content or the new, never half of either, whoever is killed in between.
"""

from __future__ import annotations

import os
import stat

from central_venv.errors import StoreError

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600

#: The end of the name of a file that is being written.
UNFINISHED = ".tmp"

#: How to open a file for reading that may turn out to be a pipe: without waiting for its other end.
READ_WITHOUT_WAITING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

#: How to open a directory itself, and nothing that a link in its place leads to.
DIRECTORY_ITSELF = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)

_READ_NO_LINK = READ_WITHOUT_WAITING | getattr(os, "O_NOFOLLOW", 0)

#: No file of ours comes near this size in bytes; a larger one is not ours.
MAXIMUM_SIZE = 1 << 20
#: How large a project's file may be to be looked through for a word: whoever made it must not keep us busy.
_MOST_SEARCHED = 1 << 24
_CHUNK = 1 << 16

#: What Windows marks a junction with: `stat.IO_REPARSE_TAG_MOUNT_POINT`, which is there only.
JUNCTION = 0xA0000003


def store_error(error: OSError, action: str, path: str) -> StoreError:
    """Put a failed file operation into words.

    Args:
        error: what the system said.
        action: what was tried, such as ``create``.
        path: on what.
    """
    from central_venv.machine.remedies import remedy  # which a lookup does not need

    return StoreError(f"cannot {action} `{path}`: {reason(error)}", hint=remedy(error.errno or 0, path))


def reason(error: OSError) -> str:
    """What the system said, as the end of a sentence."""
    text = os.strerror(error.errno) if error.errno else str(error)
    return f"{text[:1].lower()}{text[1:]}"


def read(path: str) -> bytes | None:
    """The content of a small regular file, or None if there is none: what `read_dated` returns, without the date."""
    found = read_dated(path)
    return None if found is None else found[0]


def read_dated(path: str) -> tuple[bytes, float] | None:
    """The content of a small regular file and when it was written, in seconds since the epoch; None if there is none.

    A link, a pipe or a device is not followed, opened or waited for: it counts as damaged content, as does a file that
    is larger than any of ours.

    Raises:
        StoreError: the file is there but cannot be read.
    """
    try:
        descriptor = os.open(path, _READ_NO_LINK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        import errno

        if error.errno in {errno.ELOOP, errno.ENXIO}:
            return b"", 0
        raise store_error(error, "read", path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return b"", 0
        return _read_all(descriptor, status.st_size), status.st_mtime
    except OSError as error:
        raise store_error(error, "read", path) from error
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int, maximum: int = MAXIMUM_SIZE) -> bytes:
    """The content of a file that is said to be of a size; nothing if it is larger than the maximum."""
    content = os.read(descriptor, min(size, maximum) + 1)
    while len(content) != size:  # else that was all, which saves asking for more: a list reads thousands of files
        chunk = os.read(descriptor, _CHUNK)
        content += chunk
        if not chunk:
            break
        if len(content) > maximum:
            return b""
    return content


def mentions(path: str, word: bytes) -> bool | None:
    """Whether a project's file holds a word; None if it is not there, or no regular file.

    Most projects mention nothing of ours, and parsing their files takes longer than starting Python. One of more than
    16 MiB counts as empty.

    Raises:
        SettingsError: it cannot be read, so nobody knows what it wants.
    """
    try:
        content = _read_of_project(path, _MOST_SEARCHED)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        import errno

        if error.errno in {errno.ELOOP, errno.ENXIO, errno.EOPNOTSUPP}:  # a link to itself, or a socket
            return None
        from central_venv.errors import SettingsError

        raise SettingsError(f"cannot read `{path}`: {reason(error)}", hint="make it readable, or remove it") from error
    return None if content is None else word in content


def read_of_project(path: str) -> bytes | None:
    """The content of a project's file, which may be behind a link; None if it is no regular file or cannot be read.

    One that is larger than any of ours counts as empty: whoever made it must not keep us busy.
    """
    try:
        return _read_of_project(path, MAXIMUM_SIZE)
    except OSError:
        return None


def _read_of_project(path: str, maximum: int) -> bytes | None:
    """The content of a project's file; None if it is no regular file."""
    descriptor = os.open(path, READ_WITHOUT_WAITING)
    try:
        status = os.fstat(descriptor)
        return _read_all(descriptor, status.st_size, maximum) if stat.S_ISREG(status.st_mode) else None
    finally:
        os.close(descriptor)


def write(path: str, content: bytes, *, durable: bool = False) -> None:
    """Replace a file's content as one step.

    Args:
        path: the file; its directory must exist.
        content: the new content.
        durable: whether the content must survive a power cut right after this call (costs a flush of the disk).

    Raises:
        StoreError: it could not be written; the old content is untouched.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{os.getpid():x}-{os.urandom(4).hex()}{UNFINISHED}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, PRIVATE_FILE)
        try:
            try:
                _write_all(descriptor, content)
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, os.path.join(directory, name))
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise store_error(error, "write", path) from error


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def make_private_directory(path: str) -> bool:
    """Make a directory, and those above it, that only its owner may enter.

    Directories that exist are left as they are.

    Returns:
        Whether this call made it.

    Raises:
        StoreError: it could not be made.
    """
    if os.path.isdir(path):  # as nearly always, and an attempt to create it would wait for whoever changes its parent
        return False
    for parent_exists in (False, True):
        try:
            os.mkdir(path, PRIVATE_DIRECTORY)
        except FileNotFoundError as error:
            if parent_exists or os.path.dirname(path) == path:  # a place without room for directories, such as /proc
                raise store_error(error, "create", path) from error
            make_private_directory(os.path.dirname(path))
        except FileExistsError as error:
            if os.path.isdir(path):
                return False
            import errno

            raise store_error(NotADirectoryError(errno.ENOTDIR, ""), "create a directory at", path) from error
        except OSError as error:
            raise store_error(error, "create", path) from error
        else:
            break
    return True


def remove(path: str) -> None:
    """Remove a file of ours, if it is there.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise store_error(error, "remove", path) from error


def lacks_links(directory: str) -> bool:
    """Whether a file system knows no symbolic links, as FAT: no environment can be made there.

    Args:
        directory: an absolute path on it, where one can be tried.
    """
    import errno

    link = os.path.join(directory, f".{os.getpid():x}-{os.urandom(4).hex()}{UNFINISHED}")
    try:
        os.symlink(os.curdir, link)
    except OSError as error:
        return error.errno in {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP} and os.name != "nt"
    os.unlink(link)
    return False


def is_directory(status: os.stat_result) -> bool:
    """Whether something is a directory, and no link or junction to one.

    Args:
        status: from `os.lstat`.
    """
    return stat.S_ISDIR(status.st_mode) and getattr(status, "st_reparse_tag", 0) != JUNCTION


def is_strangers(status: os.stat_result) -> bool:
    """Whether something belongs to another user; on Windows, nothing tells.

    Args:
        status: from `os.lstat` or `os.stat`.
    """
    return hasattr(os, "getuid") and status.st_uid != os.getuid()


def is_another_users(path: str) -> bool:
    """Whether there is something that belongs to another user; of a link, the link itself."""
    try:
        return is_strangers(os.lstat(path))
    except OSError:
        return False


def is_unchangeable(path: str) -> bool:
    """Whether something is there that this process cannot change: it is read-only, or the user may not write it."""
    return os.path.exists(path) and not os.access(path, os.W_OK)


def entries(path: str, *, follow: bool = False) -> list[os.DirEntry[str]]:
    """The entries of a directory in order of their names; none if it is gone or not a directory.

    Args:
        path: the directory.
        follow: whether it may be a link to one; in a store, none is.

    Raises:
        StoreError: it is there but cannot be listed.
    """
    try:
        if not follow and not is_directory(os.lstat(path)):
            return []
        with os.scandir(path) as found:
            return sorted(found, key=_name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise store_error(error, "list", path) from error


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
