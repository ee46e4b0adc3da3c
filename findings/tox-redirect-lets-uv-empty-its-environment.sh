#!/usr/bin/env bash
# tox 4.67.15 writes a `.venv` redirect file (PEP 832, a draft) into the project, unasked, for an environment `dev`; uv
# 0.13.9 follows such files by default. So each works by its own rules, and together: `uv sync` uninstalls what tox had
# installed as `deps`, and the next `tox run` of unchanged files fails, because tox holds its environment for complete.
# Only `tox run -r` mends it, until the next `uv sync`.
#
# Seen: `tox run` passes; `uv sync` prints
#    - iniconfig==2.1.0
# then `tox run` ends with status 1 and "No module named 'iniconfig'"; `tox run -r` passes.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory/home UV_CACHE_DIR=$directory/cache UV_PYTHON_DOWNLOADS=never LC_ALL=C NO_COLOR=1
unset UV_PROJECT_ENVIRONMENT VIRTUAL_ENV
mkdir -p "$HOME" "$directory/project"
python3 -m venv "$directory/tools"
"$directory/tools/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9 tox==4.67.15 virtualenv==21.15.11
PATH=$directory/tools/bin:$PATH
uv --version

cd "$directory/project"
cat >pyproject.toml <<'TOML'
[project]
name = "demo"
version = "0"
requires-python = ">=3.10"

[tool.tox]
env_list = ["dev"]
no_package = true

[tool.tox.env_run_base]
deps = ["iniconfig==2.1.0"]
commands = [["python", "-c", "import iniconfig"]]
TOML

tox --version
tox run
test "$(cat .venv)" = .tox/dev
uv sync 2>&1 | tee sync.log
grep --quiet -- '- iniconfig==2.1.0' sync.log
status=0
tox run >tox.log 2>&1 || status=$?
cat tox.log
test "$status" = 1
grep --quiet "No module named 'iniconfig'" tox.log
tox run -r
echo "as described"
