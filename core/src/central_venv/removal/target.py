"""What is to be removed, and what became of it."""

from __future__ import annotations

from central_venv.store.deleted import Deleted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central_venv.inventory.found import FoundEnvironment, FoundProject
    from central_venv.store.trash import Trash

    #: What was not removed: the project, the environment or None for its home, and the reason.
    Kept = tuple[FoundProject, FoundEnvironment | None, str]


class Target:
    """What is to be removed from one home.

    Attributes:
        project: the project as it was listed, with all of its environments.
        environments: those of them that are to be removed.
        whole: whether the home is to be removed with what runners left in it beside environments.
        forced: whether a shared environment is to be removed although projects use it.
        refusal: told the path of each once nobody uses it or can begin to, returns why it must stay, if it must.
    """

    __slots__ = ("environments", "forced", "project", "refusal", "whole")

    def __init__(
        self,
        project: FoundProject,
        environments: Sequence[FoundEnvironment],
        *,
        whole: bool,
        forced: bool = False,
        refusal: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.project = project
        self.environments = environments
        self.whole = whole
        self.forced = forced
        self.refusal = refusal


class Removed:
    """What became of what was to be removed.

    Attributes:
        environments: those that are out of the way, each with its project.
        homes: how many homes went with them.
        kept: what was not removed, and why: the project, the environment or None for its home, and the reason.
        leftovers: how many records, locks and the like were removed of what was gone before.
        links: the absolute paths of the links in projects that led to what was removed, and went with it.
        trash: what is out of the way and has yet to be deleted.
        swept: what was deleted already: records, locks and the like.
        unseen: which processes may run from what was removed, as nothing tells of them, in words; None if all are seen.
    """

    __slots__ = ("environments", "homes", "kept", "leftovers", "links", "swept", "trash", "unseen")

    def __init__(self, trash: Trash) -> None:
        self.environments: list[tuple[FoundProject, FoundEnvironment]] = []
        self.homes = 0
        self.leftovers = 0
        self.kept: list[Kept] = []
        self.links: list[str] = []
        self.trash = trash
        self.swept = Deleted()
        self.unseen: str | None = None

    def add(self, other: Removed) -> None:
        """Count what became of what lay in another store; its trash stays its own."""
        self.environments += other.environments
        self.homes += other.homes
        self.leftovers += other.leftovers
        self.kept += other.kept
        self.links += other.links
        self.swept.add(other.swept)
        self.unseen = self.unseen or other.unseen
