#!/usr/bin/env bash
# uv 0.13.9 reads a `.venv` redirect file (PEP 832, a preview): `uv sync` and `uv run` work in the environment that it
# names, wherever that lies. `uv venv` fails on the same file, and neither --clear nor --allow-existing helps: so the
# environment of a redirect can be changed, but not recreated by the command that is for it.
#
# Seen: status 0 and "Checked" of `uv sync`, the named path of `uv run`, then three times status 2 and
#   error: Failed to create virtual environment
#     cause: File exists at `.venv`
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory/home UV_CACHE_DIR=$directory/cache UV_PYTHON_DOWNLOADS=never LC_ALL=C
unset UV_PROJECT_ENVIRONMENT VIRTUAL_ENV
mkdir -p "$HOME" "$directory/project"
python3 -m venv "$directory/tools"
"$directory/tools/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9
uv=$directory/tools/bin/uv
"$uv" --version

cd "$directory/project"
printf '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.10"\n' >pyproject.toml
"$uv" venv --quiet "$directory/elsewhere"
echo "$directory/elsewhere" >.venv

"$uv" sync 2>&1 | tee sync.log
grep --quiet Checked sync.log
test "$("$uv" run --quiet python -c 'import sys; print(sys.prefix)')" = "$directory/elsewhere"
for option in --no-project --clear --allow-existing; do
    status=0
    "$uv" venv "$option" >venv.log 2>&1 || status=$?
    cat venv.log
    test "$status" = 2
    grep --quiet 'File exists at `.venv`' venv.log
done
test "$(cat .venv)" = "$directory/elsewhere"
echo "as described"
