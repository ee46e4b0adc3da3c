"""Run the command line as ``python -m central_venv``."""

from __future__ import annotations

import sys

from central_venv.cli import main

sys.exit(main())
