"""What is installed in an environment, read from real ones and from what can be found in odd ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from central_venv.adoption.installed import Installed, installed, program_path
from central_venv.errors import AdoptionError
from support.packages import uv, write_project, write_real_environment, write_wheel
from support.trees import write_tree

MINOR = ".".join(map(str, sys.version_info[:2]))

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the environments are laid out as on POSIX")


def site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/*/site-packages"), environment / "Lib" / "site-packages")


def lines(found: Installed, *, for_uv: bool = False) -> list[str]:
    """The lines of a requirements file."""
    return [each.requirement(for_uv=for_uv) for _, each in sorted(found.distributions.items())]


def write_distribution(
    path: Path, metadata: str, *, directory: str = "demo-1.dist-info", url: object = None, library: str = "python3.12"
) -> Path:
    """An environment of Python 3.12 that has what a package left."""
    place = f"lib/{library}/site-packages/{directory}"
    files = {"pyvenv.cfg": "version_info = 3.12.1\n", f"{place}/METADATA": metadata}
    if url is not None:
        files[f"{place}/direct_url.json"] = url if isinstance(url, str) else json.dumps(url)
    return write_tree(path, files)


# what is found


def test_a_package_of_an_index_is_its_version(base: Path) -> None:
    write_wheel(base / "index", "Some_Package", "1.0.post1")
    environment = write_real_environment(base / "venv")
    uv("pip", "install", "--python", environment, "--no-index", "--find-links", base / "index", "Some_Package")

    assert lines(installed(str(environment))) == ["some-package==1.0.post1"]


@pytest.mark.parametrize("place", ["plain", "sp ace", "日本 é", "a#b?c%20d"])
def test_a_local_wheel_is_its_path(place: str, base: Path) -> None:
    wheel = write_wheel(base / place)
    environment = write_real_environment(base / "venv")
    uv("pip", "install", "--python", environment, f"demo @ {wheel.as_uri()}")

    found = installed(str(environment))

    assert lines(found) == [f"demo @ {wheel.as_uri()}"]
    origin = found.distributions["demo"].origin
    assert origin is not None
    assert origin.path == str(wheel)


@posix_only
def test_the_digest_of_a_wheel_is_kept(base: Path) -> None:
    url = {"url": "file:///a.whl", "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}}}
    environment = write_distribution(base / "venv", "Name: demo\nVersion: 1\n", url=url)

    assert lines(installed(str(environment))) == ["demo @ file:///a.whl#sha256=ab"]


@pytest.mark.parametrize("place", ["plain", "sp ace", "日本 é"])
def test_an_editable_package_is_its_directory(place: str, base: Path) -> None:
    project = write_project(base / place)
    environment = write_real_environment(base / "venv", "--editable", project)

    found = installed(str(environment))

    assert lines(found) == [f"-e {project.as_uri()}"]
    assert lines(found, for_uv=True) == [f"-e demo @ {project.as_uri()}"]


def test_a_package_that_was_built_from_a_directory_is_that(base: Path) -> None:
    project = write_project(base / "project")
    environment = write_real_environment(base / "venv", project)

    assert lines(installed(str(environment))) == [f"demo @ {project.as_uri()}"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_package_of_a_repository_is_its_commit(base: Path) -> None:
    project = write_project(base / "project")
    git = ["git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    environment = write_real_environment(base / "venv", f"git+{project.as_uri()}")

    assert lines(installed(str(environment))) == [f"demo @ git+{project.as_uri()}@{head}"]


@posix_only
def test_the_subdirectory_of_an_archive_is_kept(base: Path) -> None:
    url = {"url": "https://example.com/a.zip", "archive_info": {"hash": "sha256=ab"}, "subdirectory": "sub/dir"}
    environment = write_distribution(base / "venv", "Name: demo\nVersion: 1\n", url=url)

    assert lines(installed(str(environment))) == ["demo @ https://example.com/a.zip#sha256=ab&subdirectory=sub/dir"]


@posix_only
def test_what_setup_py_develop_installed_is_found_where_packages_lie_behind_a_link(base: Path) -> None:
    project = write_tree(
        base / "project", {"demo.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: demo\nVersion: 3\n"}
    )
    write_tree(base / "packages", {"demo.egg-link": f"{project}\n."})
    environment = write_tree(base / "venv", {"pyvenv.cfg": "version = 3.12.1\n", "lib/python3.12/x": ""})
    (environment / "lib" / "python3.12" / "site-packages").symlink_to(base / "packages")

    assert lines(installed(str(environment))) == [f"-e {project.as_uri()}"]


@posix_only
def test_what_setup_py_develop_installed_is_editable(base: Path) -> None:
    project = write_tree(
        base / "pro ject",
        {
            "demo.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: demo\nVersion: 3\n",
            "demo.egg-info/entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
        },
    )
    environment = write_tree(
        base / "venv",
        {
            "pyvenv.cfg": "version = 3.12.1\n",
            "lib/python3.12/site-packages/demo.egg-link": f"{project}\n.",
            "bin/demo": "",
        },
    )

    found = installed(str(environment))

    assert lines(found) == [f"-e {project.as_uri()}"]
    assert found.distributions["demo"].programs == {"demo"}


def test_the_programs_of_a_package_are_known_as_far_as_they_are_there(base: Path) -> None:
    project = write_project(base / "project", programs="one two")
    environment = write_real_environment(base / "venv", project)
    Path(program_path(str(environment), "two")).unlink()

    assert installed(str(environment)).distributions["demo"].programs == {"one"}


def test_the_python_of_the_environment_need_not_be_there(base: Path) -> None:
    environment = write_real_environment(base / "venv", write_wheel(base))
    shutil.rmtree(environment / ("Scripts" if sys.platform == "win32" else "bin"))

    assert list(installed(str(environment)).distributions) == ["demo"]


def test_what_only_the_python_below_has_does_not_count(base: Path) -> None:
    uv("venv", "--no-project", "--system-site-packages", base / "venv")

    assert lines(installed(str(base / "venv"))) == []


def test_what_is_installed_now_counts(base: Path) -> None:
    environment = write_real_environment(base / "venv")
    assert lines(installed(str(environment))) == []

    uv("pip", "install", "--python", environment, write_wheel(base))

    assert list(installed(str(environment)).distributions) == ["demo"]


@posix_only
@pytest.mark.parametrize(
    ("configuration", "libraries", "python"),
    [
        ("version_info = 3.12.1\n", ["python3.12"], "3.12"),
        ("version = 3.12.1\n", ["python3.11", "python3.12"], "3.12"),
        ("version_info = 3.13.0\n", ["python3.13t"], "3.13t"),
        ("implementation = PyPy\nversion_info = 3.10.14\n", ["pypy3.10"], "pypy3.10"),
        ("home = /usr/bin\n", ["python3.12"], "3.12"),
    ],
)
def test_the_python_is_told_by_the_configuration_and_the_library(
    configuration: str, libraries: list[str], python: str, base: Path
) -> None:
    files = {f"lib/{library}/site-packages/{library}-1.dist-info/METADATA": "" for library in libraries[:-1]}
    name = f"lib/{libraries[-1]}/site-packages/demo-1.dist-info/METADATA"
    write_tree(base / "venv", {"pyvenv.cfg": configuration, **files, name: "Name: demo\nVersion: 1\n"})

    found = installed(str(base / "venv"))

    assert found.python == python
    assert lines(found) == ["demo==1"]


def test_the_running_python_is_told_as_others_tell_it(base: Path) -> None:
    assert installed(str(write_real_environment(base / "venv"))).python == MINOR


# what makes no sense


@posix_only
@pytest.mark.parametrize(
    ("configuration", "library"),
    [("", "elsewhere"), ("version_info = 3.12.1\n", "python3.11"), ("version_info = nonsense\n", "python3")],
)
def test_an_environment_that_does_not_tell_its_python_is_an_error(configuration: str, library: str, base: Path) -> None:
    write_tree(base / "venv", {"pyvenv.cfg": configuration, f"lib/{library}/site-packages/x.py": ""})

    with pytest.raises(AdoptionError, match="nobody can tell which Python"):
        installed(str(base / "venv"))


@posix_only
@pytest.mark.parametrize(
    ("metadata", "url"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("Name: demo\n", None, id="no version"),
        pytest.param("Version: 1\n", None, id="no name"),
        pytest.param("Name: demo --find-links=/evil\nVersion: 1\n", None, id="an option in the name"),
        pytest.param("Name: demo\nVersion: 1 --pre\n", None, id="an option in the version"),
        pytest.param("Name: demo\nVersion: 1\n", "{", id="no JSON"),
        pytest.param("Name: demo\nVersion: 1\n", "[]", id="another JSON"),
        pytest.param("Name: demo\nVersion: 1\n", "[" * 100_000, id="many brackets"),
        pytest.param("Name: demo\nVersion: 1\n", {}, id="no URL"),
        pytest.param("Name: demo\nVersion: 1\n", {"url": "x"}, id="a URL that is none"),
        pytest.param("Name: demo\nVersion: 1\n", {"url": "file:///x\n--pre"}, id="a line in the URL"),
        pytest.param("Name: demo\nVersion: 1\n", {"url": "file:///x --pre"}, id="an option in the URL"),
        pytest.param(
            "Name: demo\nVersion: 1\n", {"url": "file:///x", "vcs_info": {"vcs": "git"}}, id="a repository, no commit"
        ),
        pytest.param(
            "Name: demo\nVersion: 1\n",
            {"url": "file:///x", "vcs_info": {"vcs": "git", "commit_id": "a\n--pre"}},
            id="a line in the commit",
        ),
        pytest.param(
            "Name: demo\nVersion: 1\n",
            {"url": "file:///x", "archive_info": {"hash": "a\nb"}},
            id="a line in the digest",
        ),
        pytest.param(
            "Name: demo\nVersion: 1\n",
            {"url": "file:///x", "dir_info": {}, "subdirectory": "a\nb"},
            id="in the directory",
        ),
    ],
)
def test_a_package_that_makes_no_sense_is_an_error_that_names_it(metadata: str, url: object, base: Path) -> None:
    environment = write_distribution(base / "venv", metadata, url=url)

    with pytest.raises(AdoptionError, match=r"demo-1\.dist-info` says of a package makes no sense"):
        installed(str(environment))


@posix_only
def test_what_is_no_text_is_an_error(base: Path) -> None:
    environment = write_distribution(base / "venv", "")
    (site_packages(environment) / "demo-1.dist-info" / "METADATA").write_bytes(b"Name: \xff\nVersion: 1\n")

    with pytest.raises(AdoptionError, match="makes no sense"):
        installed(str(environment))


@posix_only
def test_a_package_that_is_there_twice_is_an_error(base: Path) -> None:
    environment = write_distribution(base / "venv", "Name: demo\nVersion: 1\n")
    write_distribution(environment, "Name: Demo\nVersion: 2\n", directory="demo-2.dist-info")

    with pytest.raises(AdoptionError, match="`demo` is installed twice"):
        installed(str(environment))


@posix_only
def test_what_pip_renamed_away_does_not_count(base: Path) -> None:
    environment = write_distribution(base / "venv", "Name: demo\nVersion: 1\n")
    write_distribution(environment, "", directory="~emo-2.dist-info")

    assert lines(installed(str(environment))) == ["demo==1"]


@posix_only
def test_what_setup_py_develop_installed_and_is_gone_is_an_error(base: Path) -> None:
    environment = write_tree(
        base / "venv",
        {"pyvenv.cfg": "version = 3.12.1\n", "lib/python3.12/site-packages/demo.egg-link": f"{base}/gone\n."},
    )

    with pytest.raises(AdoptionError, match=r"demo\.egg-link` says of a package makes no sense"):
        installed(str(environment))


# what is alike


@posix_only
@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (None, None, True),
        (None, {"url": "file:///x", "dir_info": {}}, False),
        ({"url": "file:///a%20b", "dir_info": {}}, {"url": "file:///a b/".replace(" ", "%20"), "dir_info": {}}, True),
        ({"url": "file:///x", "dir_info": {"editable": True}}, {"url": "file:///x", "dir_info": {}}, False),
        (
            {"url": "https://x.example/a.zip", "archive_info": {"hash": "sha256=ab"}},
            {"url": "https://x.example/a.zip#sha256=ab", "archive_info": {}},
            True,
        ),
        (
            {"url": "https://x.example/r", "vcs_info": {"vcs": "git", "commit_id": "a", "requested_revision": "main"}},
            {"url": "https://x.example/r", "vcs_info": {"vcs": "git", "commit_id": "a"}},
            True,
        ),
        (
            {"url": "https://x.example/r", "vcs_info": {"vcs": "git", "commit_id": "a"}},
            {"url": "https://x.example/r", "vcs_info": {"vcs": "git", "commit_id": "b"}},
            False,
        ),
    ],
)
def test_packages_are_alike_if_they_came_from_the_same_place(
    one: object,
    other: object,
    alike: bool,  # noqa: FBT001
    base: Path,
) -> None:
    metadata = "Name: demo\nVersion: 1\n"
    first = installed(str(write_distribution(base / "a", metadata, url=one))).distributions["demo"]
    second = installed(str(write_distribution(base / "b", metadata, url=other))).distributions["demo"]

    assert first.is_like(second) is alike
    assert second.is_like(first) is alike


@posix_only
def test_another_version_is_not_alike_unless_its_directory_changed(base: Path) -> None:
    def package(name: str, version: str, url: object) -> object:
        path = write_distribution(base / f"{name}{version}", f"Name: demo\nVersion: {version}\n", url=url)
        return installed(str(path)).distributions["demo"]

    directory = {"url": "file:///x", "dir_info": {}}
    assert not package("i", "1", None).is_like(package("i", "2", None))  # type: ignore[attr-defined]
    assert package("d", "1", directory).is_like(package("d", "2", directory))  # type: ignore[attr-defined]
