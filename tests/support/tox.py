"""A release of tox with the plugin, and projects to run it on."""

from __future__ import annotations

from support.packages import build_files
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

#: A package with a build backend of its own, and three environments. To build it takes pip nothing: in an environment,
#: pip would install the backend first, and for a source distribution once more to build it.
PACKAGE = {
    "tox.ini": """
[tox]
env_list = a, b, c
[pkgenv]
set_env = PYTHONDONTWRITEBYTECODE = 1
[testenv]
package = wheel
set_env = PYTHONDONTWRITEBYTECODE = 1
commands = python -c "import demo; print(demo.__doc__)"
""",
    **build_files("demo", "1"),
    "demo.py": '"""It works."""\n',
}

#: The same as most projects have it: a source distribution, and a build backend from the package index.
SOURCE_PACKAGE = {
    "tox.ini": PACKAGE["tox.ini"].replace("package = wheel\n", ""),
    "pyproject.toml": """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1"
dynamic = ["description"]
""",
    "demo.py": PACKAGE["demo.py"],
}


class Tox(Runner):
    """A release of tox with the plugin."""

    program = "tox"
