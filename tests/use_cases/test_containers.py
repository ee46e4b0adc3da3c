"""What `docs/containers.md` tells to write into a Dockerfile does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import ROOT, UV
from support.images import build
from support.uv_projects import write_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.images import Image
    from support.mounts import Mounts

pytestmark = pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="images are built by root on Linux")

_TEXT = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
_ANY_USER, _ONE_USER, _CACHE = (
    "".join(line.removeprefix("    ") for line in block.splitlines(keepends=True))
    for block in re.findall(r"(?:(?:    .*)?\n)+", _TEXT)
    if block.lstrip().startswith(("FROM", "COPY"))
)

SAY = ("python", "-c", "import alpha, module; print(module.GREETING)")
SOMEBODY = "99999"


@pytest.fixture
def context(base: Path) -> Path:
    """What is sent to the build: a project, beside what it depends on and the caches of all builds."""
    root = write_project(base / "context" / "app", "alpha")
    file = root / "pyproject.toml"
    file.write_text(file.read_text().replace(f"{root.parent.as_posix()}/wheels", "../wheels"))
    subprocess.run([UV, "lock", "--quiet"], cwd=root, check=True)
    return root.parent


def built(dockerfile: str, directory: Path, context: Path, mounts: Mounts) -> Image:
    """Build an image in which the packages lie as in an index."""
    first, _, rest = dockerfile.strip().partition("\n")
    return build(f"{first}\nCOPY ../wheels /wheels\n{rest}", directory, context, mounts)


def test_an_image_made_by_root_runs_for_any_user(base: Path, context: Path, mounts: Mounts) -> None:
    image = built(_ANY_USER, base / "image", context, mounts)

    assert image.run().returncode == 0
    for user in ("54321", SOMEBODY, "0"):
        said = image.run(*SAY, user=user, read_only=True)
        assert (said.returncode, said.stdout) == (0, "hello\n"), said.stderr
    image.entry, image.variables["UV_NO_CACHE"] = ["central-venv"], "1"
    for words in (["path", "--exists"], ["env", "--shell", "bash"], ["list"], ["uv", "run", "--no-sync", "true"]):
        said = image.run(*words, user=SOMEBODY)
        assert said.returncode == 0, said.stderr
    refused = image.run("create", "--clear", user=SOMEBODY)
    assert refused.returncode == 1
    assert re.match(r"error: the home `/opt/venvs/app-\w+` belongs to another user \(id 0\)\n", refused.stderr)


def test_an_image_whose_store_a_group_can_write_is_refused(base: Path, context: Path, mounts: Mounts) -> None:
    image = built(_ANY_USER.replace("a+rX,go-w", "g=u,o=g"), base / "image", context, mounts)

    said = image.run(*SAY, user=SOMEBODY)

    assert said.returncode == 1
    assert "belongs to root, but others may write it, too\nhint: let root run `chmod -R go-w " in said.stderr


def test_an_image_for_one_user_runs_for_that_user_alone(base: Path, context: Path, mounts: Mounts) -> None:
    dockerfile = re.sub(r"COPY --from=build.*USER \d+\n", _ONE_USER.strip() + "\n", _ANY_USER, flags=re.DOTALL)
    image = built(dockerfile, base / "image", context, mounts)

    own = image.run(*SAY)
    others = image.run(*SAY, user=SOMEBODY)

    assert (own.returncode, own.stdout) == (0, "hello\n"), own.stderr
    assert others.returncode == 1


def test_a_store_in_a_cache_mount_outlives_the_build_and_is_not_in_the_image(
    base: Path, context: Path, mounts: Mounts
) -> None:
    built(_CACHE, base / "first", context, mounts)
    (made,) = context.glob("cache/venvs-app/store/app-*/.venv/pyvenv.cfg")
    inode = made.stat().st_ino

    image = built(_CACHE, base / "second", context, mounts)

    assert made.stat().st_ino == inode
    assert os.listdir(image.root / "var" / "cache" / "venvs") == []
    said = image.run("/opt/venv/bin/python", *SAY[1:], user=SOMEBODY)
    assert (said.returncode, said.stdout) == (0, "hello\n"), said.stderr


def test_a_cache_mount_of_another_user_works_with_that_users_id(base: Path, context: Path, mounts: Mounts) -> None:
    steps, first, _ = _CACHE.split("RUN --mount")
    first = first.replace("target=/var/cache/venvs ", "target=/var/cache/venvs,uid=1000,gid=1000 ")

    built(f"{steps}USER 1000\nRUN --mount{first}", base / "image", context, mounts)

    assert len(list(context.glob("cache/venvs-app/store/app-*/.venv"))) == 1
