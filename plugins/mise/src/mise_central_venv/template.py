"""Lines for mise's configuration that find a project's environment without a plugin and without Python.

They are the formula of central-venv's key in mise's template language (Tera).
"""

from __future__ import annotations

import os

from central_venv import CentralVenvError, load_settings


class TemplateError(CentralVenvError):
    """The store cannot be written into a template: use the plugin."""


# mise's templates are of Tera 1 before 2026.7 and of Tera 2 since then: what both understand is little. Each character
# that is no letter or digit becomes a `-` in front of the next one that is.
_SLUG = """\
{{% set_global s = "" %}}{{% set_global dash = "" %}}{{% for c in {root} | basename | lower | split(pat="") %}}{{%
 if c != "" and c in "abcdefghijklmnopqrstuvwxyz0123456789" %}}{{% set_global s = s ~ dash ~ c %}}{{%
 set_global dash = "" %}}{{% elif c != "" and s != "" %}}{{% set_global dash = "-" %}}{{% endif %}}{{% endfor %}}{{%
 set s = s | truncate(length=24, end="") %}}{{% set s = s ~ "/" %}}{{%
 set s = s | replace(from="-/", to="") | replace(from="/", to="") %}}"""

_PROJECT = """\
[env]
UV_PROJECT_ENVIRONMENT = '''{slug}{store}/{{%
 if s == "" %}}project{{% else %}}{{{{ s }}}}{{% endif %}}-{{{{ config_root | hash(len=8) }}}}/.venv'''
_.python.venv = {{ path = "{{{{ env.UV_PROJECT_ENVIRONMENT }}}}", create = true }}
"""

_GLOBAL = """\
[env]
CENTRAL_VENV_ROOT = '''{{% set_global d = cwd %}}{{% set_global root = "" %}}{{% for i in range(end=99) %}}{{%
 set file = [d, "pyproject.toml"] | join_path %}}{{% if file is file %}}{{% set_global root = d %}}{{% break %}}{{%
 elif d == "/" %}}{{% break %}}{{% endif %}}{{% set_global d = d | dirname %}}{{% endfor %}}{{{{ root }}}}'''
UV_PROJECT_ENVIRONMENT = '''{{% if env.CENTRAL_VENV_ROOT %}}{slug}{store}/{{%
 if s == "" %}}project{{% else %}}{{{{ s }}}}{{% endif %}}-{{{{
 env.CENTRAL_VENV_ROOT | hash(len=8) }}}}/.venv{{% endif %}}'''

[settings]
# Activates them in projects with a uv.lock. Leave it out before mise 2026.7.17, which makes a .venv in the project.
python.uv_venv_auto = "create|source"
"""


def project_template() -> str:
    """For the mise.toml of a project.

    Raises:
        TemplateError: the store's path cannot be written there.
        SettingsError: a variable or configuration file holds something that is not allowed.
    """
    return _PROJECT.format(slug=_SLUG.format(root="config_root"), store=_store())


def global_template() -> str:
    """For the user's own configuration, for every project with a pyproject.toml.

    Raises:
        TemplateError: the store's path cannot be written there.
        SettingsError: a variable or configuration file holds something that is not allowed.
    """
    return _GLOBAL.format(slug=_SLUG.format(root="env.CENTRAL_VENV_ROOT"), store=_store())


def _store() -> str:
    """The store in force, as a template."""
    settings = load_settings(None)
    for key, asked in (("per-python", settings.per_python), ("policy", settings.policy)):
        if asked:
            raise TemplateError(
                f"no template can do what `{key}` asks for ({settings.origins[key]})",
                hint="use the plugin: `mise-central-venv install`",
            )
    store = settings.store
    if settings.origins["store"].kind == "default":
        return '{{ [xdg_data_home, "central-venv"] | join_path }}'
    if "'''" in store or "{%" in store or "{{" in store or "{#" in store or not store.isprintable():
        raise TemplateError(
            f"the path of the store, `{store}`, cannot be written into a template",
            hint="use the plugin, or move the store",
        )
    home = os.path.expanduser("~")
    return "{{ env.HOME }}" + store.removeprefix(home) if store.startswith(f"{home}{os.sep}") else store
