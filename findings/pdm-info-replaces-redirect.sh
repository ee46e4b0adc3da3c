#!/usr/bin/env bash
# pdm 2.29.4: `pdm info` and `pdm list` only tell something of a project. Where `.venv` is a redirect file (PEP 832, a
# draft), as virtualenv 21.15.11 writes one unasked, they delete that file and make an environment in its place. The
# environment that the file led to is not used, and nothing leads to it any more.
#
# Seen: virtualenv leaves a file `.venv` that names `environment`; after `pdm info`, status 0, `.venv` is a directory with another
# environment. `pdm list` does the same.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory/home LC_ALL=C NO_COLOR=1 PDM_CHECK_UPDATE=0 XDG_CACHE_HOME=$directory/cache
unset UV_PROJECT_ENVIRONMENT VIRTUAL_ENV
mkdir -p "$HOME"
python3 -m venv "$directory/tools"
"$directory/tools/bin/pip" install --quiet --disable-pip-version-check pdm==2.29.4 virtualenv==21.15.11
PATH=$directory/tools/bin:$PATH
pdm --version
virtualenv --version

for command in info list; do
    mkdir "$directory/$command"
    cd "$directory/$command"
    printf '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.10"\n' >pyproject.toml
    virtualenv --quiet environment
    test -f .venv
    cat .venv
    pdm "$command"
    test -d .venv
    test -f .venv/pyvenv.cfg
done
echo "as described"
