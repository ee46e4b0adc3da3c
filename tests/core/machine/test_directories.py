"""Where data and configuration lie, compared with platformdirs."""

from __future__ import annotations

import os
import pwd
import sys
from importlib.metadata import version

import pytest
from central_venv.errors import CentralVenvError
from central_venv.machine import directories
from central_venv.machine.directories import data_directory
from hypothesis import given
from hypothesis import strategies as st

if sys.platform == "win32":
    pytest.skip("platformdirs itself is asked on Windows", allow_module_level=True)
if tuple(map(int, version("platformdirs").split(".")[:2])) < (4, 14):
    pytest.skip("platformdirs before 4.14 believes relative and blank values", allow_module_level=True)

from platformdirs.macos import MacOS
from platformdirs.unix import Unix

VALUES = [None, "", "relative", "./here", "~/literal", "/absolute", "/trailing/", "/", "//two", " /blank", "/a b", "/é"]
LISTS = [*VALUES, "/one:/two", ":/one", "relative:/one:/two", "relative:other", ":", "/one:"]
HOMES = [None, "", "relative", "/home/joe", "/home/joe/", "/"]


def environment(**variables: str | None) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    for name, value in variables.items():
        if value is None:
            patch.delenv(name, raising=False)
        else:
            patch.setenv(name, value)
    return patch


@given(
    data=st.sampled_from(VALUES),
    config=st.sampled_from(VALUES),
    site=st.sampled_from(LISTS),
    home=st.sampled_from(HOMES),
)
def test_directories_on_linux_are_those_of_platformdirs(
    data: str | None, config: str | None, site: str | None, home: str | None
) -> None:
    patch = environment(XDG_DATA_HOME=data, XDG_CONFIG_HOME=config, XDG_CONFIG_DIRS=site, HOME=home)
    patch.setattr(sys, "platform", "linux")
    expected = Unix("central-venv", appauthor=False)

    found = (directories.data_directory(), directories.user_config_directory(), directories.site_config_directory())
    wanted = (expected.user_data_dir, expected.user_config_dir, expected.site_config_dir)
    patch.undo()

    assert found == wanted


@given(config=st.sampled_from(VALUES), site=st.sampled_from(LISTS), home=st.sampled_from(HOMES))
def test_configuration_on_macos_is_where_platformdirs_has_it(
    config: str | None, site: str | None, home: str | None
) -> None:
    patch = environment(XDG_CONFIG_HOME=config, XDG_CONFIG_DIRS=site, HOME=home)
    patch.setattr(sys, "platform", "darwin")
    patch.setattr(sys, "base_prefix", "/usr")  # a Python of Homebrew would add Homebrew's directory
    expected = MacOS("central-venv", appauthor=False)

    found = (directories.user_config_directory(), directories.site_config_directory())
    wanted = (expected.user_config_dir, expected.site_config_dir)
    patch.undo()

    assert found == wanted


def test_data_on_macos_has_no_space_in_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", "/Users/joe")

    assert directories.data_directory() == "/Users/joe/.local/share/central-venv"


@pytest.mark.parametrize("home", [None, "", "relative"], ids=["no HOME", "an empty HOME", "a relative HOME"])
def test_without_a_usable_home_variable_the_user_database_tells(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pwd import getpwuid

    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)

    found = directories.data_directory()

    assert found == os.path.join(getpwuid(os.getuid()).pw_dir, ".local/share/central-venv")


def test_defaults_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/home/joe")
    monkeypatch.delenv("XDG_CONFIG_DIRS")

    found = (directories.data_directory(), directories.user_config_directory(), directories.site_config_directory())

    assert found == ("/home/joe/.local/share/central-venv", "/home/joe/.config/central-venv", "/etc/xdg/central-venv")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom the system does not know, without a home directory."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_directory_has_no_configuration() -> None:
    assert directories.user_config_directory() is None


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_directory_has_the_configuration_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/joe")

    assert directories.user_config_directory() == "/etc/joe/central-venv"


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_directory_is_told_what_to_set_for_the_store() -> None:
    with pytest.raises(CentralVenvError, match="HOME"):
        data_directory()
