"""The least that a list of a store can do: look at each directory, read each record, look for each project.

python benchmarks/bare_scan.py STORE
"""

from __future__ import annotations

import json
import os
import sys

count = 0
for home in os.scandir(sys.argv[1]):
    if home.name[0] == "." or not home.is_dir():
        continue
    with open(f"{home.path}/project.json", encoding="utf-8") as file:
        os.path.isdir(json.load(file)["root"])
    for runner in os.scandir(home.path):
        if runner.name[0] != "." or runner.name == ".central-venv":
            continue
        for environment in os.scandir(runner.path):
            record = f"{home.path}/.central-venv/{runner.name[1:]}/{environment.name}.json"
            with open(record, encoding="utf-8") as file:
                json.load(file)
            count += 1
print(count)
