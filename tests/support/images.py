"""Images as Docker builds and runs them, made of namespaces: what stands in a Dockerfile can be run without Docker.

The base image is this machine with a layer above it that takes all changes. What installs programs is left out: they
are here. Each step runs with that as its root, with the variables and the user that the file names, and no others.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.hosts import ROOT, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.mounts import Mounts

#: Becomes the user ``$2`` in the directory ``$3`` of the root ``$1``, with the directory ``$4`` mounted at ``$5``, and
#: the programs that lie in ``$7`` there, too, if that would be hidden.
_ENTER = """
set -e
root=$1 user=$2 directory=$3 cache=$4 at=$5 access=$6 programs=$7; shift 7
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ -n "$programs" ]; then
    mkdir -p "$root$programs"
    mount --bind "$programs" "$root$programs"
    mount -o remount,bind,ro "$root$programs"
fi
if [ -n "$at" ]; then mkdir -p "$root$at"; mount --bind "$cache" "$root$at"; fi
cd "$root"
pivot_root . mnt
umount --lazy /mnt
mount -o "remount,bind,$access" /
cd "$directory"
if [ "$user" = 0 ]; then exec "$@"; fi
exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all --bounding-set=-all "$@"
"""


#: This checkout, if it lies where a container has a directory of its own.
_HIDDEN = str(ROOT) if ROOT.is_relative_to("/tmp") else ""


class Image:
    """One stage of a Dockerfile, while it is built and when it is run."""

    def __init__(self, directory: Path, mounts: Mounts) -> None:
        """Begin with the base image.

        Args:
            directory: where the stage lies.
            mounts: what mounts it.
        """
        mounts.memory(directory, "size=512m,mode=755")  # no layer of a root can lie in that root
        (directory / "upper").mkdir()
        self.root = mounts.overlay(directory / "root", Path("/"), directory / "upper", "redirect_dir=on")
        self.directory = "/"
        self.variables = {
            "PATH": os.pathsep.join([str(Path(sys.prefix, SCRIPTS)), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        }
        self.user = "0"
        self.entry: list[str] = []
        self.command: list[str] = []
        if not Path(f"{self.root}{sys.prefix}", SCRIPTS).is_dir():
            pytest.skip("the programs are not on the root's file system")
        # Unlike in a base image, the programs may be root's own.
        for program in (sys.executable, os.path.realpath(sys.executable)):
            for parent in Path(program).parents:
                inside = Path(f"{self.root}{parent}")
                inside.chmod(inside.stat().st_mode | 0o055)

    def run(self, *words: str, user: str | None = None, read_only: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a container.

        Args:
            words: what takes the place of the image's own command.
            user: the id of the user who takes the place of the image's own.
            read_only: whether its root is.
        """
        return self._enter([*self.entry, *(words or self.command)], user=user, read_only=read_only)

    def step(self, line: str, stages: dict[str, Image], context: Path, cache: Path) -> None:
        """Do what a line of a Dockerfile says."""
        instruction, _, rest = line.partition(" ")
        if instruction == "ENV":
            self.variables |= dict(word.split("=", 1) for word in shlex.split(rest))
        elif instruction == "WORKDIR":
            self.directory = rest
            Path(f"{self.root}{rest}").mkdir(parents=True, exist_ok=True)
        elif instruction == "USER":
            self.user = rest
        elif instruction == "ENTRYPOINT":
            self.entry = json.loads(rest)
        elif instruction == "CMD":
            self.command = json.loads(rest)
        elif instruction == "COPY":
            self._copy(rest.split(), stages, context)
        elif instruction == "RUN":
            self._run(rest, cache)
        else:
            raise AssertionError(line)

    def _copy(self, words: list[str], stages: dict[str, Image], context: Path) -> None:
        options = dict(word.split("=", 1) for word in words if word.startswith("--"))
        source, target = (word for word in words if not word.startswith("--"))
        origin = stages[options["--from"]].root if "--from" in options else context
        to = Path(f"{self.root}{os.path.join(self.directory, target)}")
        to.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", f"{origin}/{source.lstrip('/')}/.", to], check=True)
        subprocess.run(["chown", "-R", "-h", options.get("--chown", "0:0"), to], check=True)

    def _run(self, command: str, cache: Path) -> None:
        if command.startswith("pip install "):
            return
        at = ""
        if command.startswith("--mount="):
            option, command = command.split(maxsplit=1)
            fields = dict(word.split("=", 1) for word in option.removeprefix("--mount=").split(","))
            assert fields["type"] == "cache"
            at, cache = fields["target"], cache / fields["id"]
            if not cache.exists():
                cache.mkdir(parents=True)
                os.chown(cache, int(fields.get("uid", 0)), int(fields.get("gid", 0)))
        done = self._enter(["sh", "-c", command], cache=cache, at=at)
        assert done.returncode == 0, (command, done.stderr)

    def _enter(
        self,
        words: Sequence[str],
        *,
        cache: Path | str = "",
        at: str = "",
        user: str | None = None,
        read_only: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        user = self.user if user is None else user
        place = [str(self.root), user, self.directory, str(cache), at, "ro" if read_only else "rw", _HIDDEN]
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh", *place, *words]
        variables = {**self.variables, "HOME": "/root" if user == "0" else "/"}
        return subprocess.run(command, check=False, capture_output=True, text=True, env=variables)


def build(dockerfile: str, directory: Path, context: Path, mounts: Mounts) -> Image:
    """Build the last stage of a Dockerfile.

    Args:
        dockerfile: its text.
        directory: where the stages lie.
        context: the directory that ``COPY`` copies from.
        mounts: what mounts them.
    """
    stages: dict[str, Image] = {}
    directory.mkdir()
    for line in dockerfile.replace("\\\n", "").splitlines():
        if line.startswith("FROM "):
            name = line.partition(" AS ")[2] or str(len(stages))
            image = stages[name] = Image(directory / name, mounts)
        elif line:
            image.step(line, stages, context / "app", context / "cache")
    return image
