#!/usr/bin/env bash
# pdm 2.29.4 keeps the absolute path of a project's Python in `.pdm-python`. A copy of the project, made with its
# environment, has that file, too: so there `pdm run` runs in the original's environment, and `pdm sync --clean` removes
# packages from it. The copy's own environment lies unused beside it, and nothing is said.
#
# Seen: of `pdm run` in `copy`, the prefix `original/.venv`; after `pdm sync --clean` in `copy`, for a project without
# dependencies, iniconfig is gone from `original/.venv` and still in `copy/.venv`.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory/home LC_ALL=C PDM_CHECK_UPDATE=0
unset VIRTUAL_ENV
mkdir -p "$HOME" "$directory/original"
python3 -m venv "$directory/tools"
# hishel 2.0.0, which pdm's requirements allow, has not what pdm imports from it
"$directory/tools/bin/pip" install --quiet --disable-pip-version-check pdm==2.29.4 'hishel[httpx2]==1.4.0'
pdm=$directory/tools/bin/pdm
"$pdm" --version
has_iniconfig() { test -d "$(echo "$directory/$1"/.venv/lib/python3*/site-packages)/iniconfig"; }

cd "$directory/original"
printf '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["iniconfig"]\n' >pyproject.toml
"$pdm" install --quiet
cat .pdm-python
cp --archive "$directory/original" "$directory/copy"
has_iniconfig original
has_iniconfig copy

cd "$directory/copy"
"$pdm" run python -c 'import sys; print(sys.prefix)' | tee prefix
test "$(cat prefix)" = "$directory/original/.venv"
sed -i 's/"iniconfig"//' pyproject.toml
"$pdm" lock --quiet
"$pdm" sync --clean
if has_iniconfig original; then exit 1; fi
has_iniconfig copy
echo "as described"
