"""A release of tox with the plugin, and projects to run it on."""

from __future__ import annotations

from support.runners import Runner

#: Two environments that need no package, no network and a second.
TWO_ENVIRONMENTS = """
[tox]
env_list = a, b
skipsdist = true
[testenv]
skip_install = true
commands = python -c "print('in {env_name}')"
"""

#: A package with a build backend that needs nothing else, and three environments.
PACKAGE = {
    "tox.ini": """
[tox]
env_list = a, b, c
[testenv]
set_env = PYTHONDONTWRITEBYTECODE = 1
commands = python -c "import demo; print(demo.__doc__)"
""",
    "pyproject.toml": """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1"
dynamic = ["description"]
""",
    "demo.py": '"""It works."""\n',
}


class Tox(Runner):
    """A release of tox with the plugin."""

    program = "tox"
