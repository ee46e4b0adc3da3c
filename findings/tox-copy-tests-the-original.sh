#!/usr/bin/env bash
# tox 4.67.15 does not notice that a project was copied with its `.tox`. In the copy, it installs the package into the
# copy's environment, and then starts `pytest` by that environment's script, whose first line names the Python of the
# original's. So the tests of the copy run on the original's package, and pass although the copy's code is wrong.
#
# Seen: "1 passed" and "congratulations" in `copy`, whose tests are to fail; the prefix `original/.tox/py`. `python -m
# pytest` in the same environment fails, as it should.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory/home LC_ALL=C NO_COLOR=1
unset VIRTUAL_ENV TOX_WORK_DIR
mkdir -p "$HOME" "$directory/original/src" "$directory/original/tests"
python3 -m venv "$directory/tools"
"$directory/tools/bin/pip" install --quiet --disable-pip-version-check tox==4.67.15 virtualenv==21.15.11
tox=$directory/tools/bin/tox
"$tox" --version

cd "$directory/original"
cat >pyproject.toml <<'TOML'
[build-system]
requires = ["setuptools==80.9.0"]
build-backend = "setuptools.build_meta"

[project]
name = "demo"
version = "1"

[tool.tox]
env_list = ["py"]

[tool.tox.env_run_base]
deps = ["pytest==9.0.2"]
commands = [["pytest", "-q", "-s", "tests"]]
TOML
echo 'def answer(): return 42' >src/demo.py
printf 'import sys\nfrom demo import answer\n\n\ndef test_answer():\n    print(sys.prefix)\n    assert answer() == 42\n' >tests/test_demo.py
"$tox" run -q
cp --archive "$directory/original" "$directory/copy"

cd "$directory/copy"
echo 'def answer(): return "wrong"' >src/demo.py
"$tox" run -q | tee log
grep --quiet '1 passed' log
grep --quiet --line-regexp "$directory/original/.tox/py" log
if "$tox" exec -q -- python -m pytest -q tests >log 2>&1; then exit 1; fi
grep --quiet '1 failed' log
echo "as described"
