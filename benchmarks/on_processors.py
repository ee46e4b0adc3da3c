"""Run a program on some of the processors, to see what several processes gain; Linux alone can do that.

python benchmarks/on_processors.py COUNT PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import os
import sys

if sys.platform != "linux":
    sys.exit("only Linux lets a program choose its processors")

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606
