"""``central-venv doctor``: what is wrong or could be better, each with its remedy."""

from __future__ import annotations

from central_venv.cli import DONE, FAILED, options
from central_venv.cli.project import root_here
from central_venv.cli.text import print_document, print_safely
from central_venv.doctor import TOPICS, WRONG, Finding, examine
from central_venv.errors import CentralVenvError, ProjectNotFoundError
from central_venv.machine.words import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

DESCRIPTION = (
    "Look at the store, this project and this machine: what is wrong or could be better, each with its remedy."
)
SCHEMA = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    options.add_project(parser)
    options.add_json(parser)


def run(arguments: Namespace) -> int:
    """Show what was found; fail if anything is wrong."""
    findings = list(examine(*_root(arguments.project)))
    if arguments.json:
        document = {"schema": SCHEMA, "findings": [finding.as_json() for finding in findings]}
        print_document(document)
    else:
        _print(findings)
    return FAILED if any(finding.level == WRONG for finding in findings) else DONE


def _root(project: str | None) -> tuple[str | None, CentralVenvError | None]:
    """The project that was named, or that the current directory lies in, if any; and why nobody can tell."""
    try:
        return root_here(project), None
    except ProjectNotFoundError:
        if project is not None:
            raise
    except CentralVenvError as error:
        return None, error
    return None, None


def _print(findings: Sequence[Finding]) -> None:
    for topic in TOPICS:
        about = [finding for finding in findings if finding.topic == topic]
        if about:
            print_safely(topic)
        for finding in about:
            print_safely(f"  {finding.level}: {printable(finding.what)}")
            if finding.remedy is not None:
                print_safely(f"    remedy: {printable(finding.remedy)}")
    if not any(finding.level == WRONG for finding in findings):
        print_safely("nothing is wrong")
