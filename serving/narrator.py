"""What a run does, in sentences for who waits."""

import time
from collections.abc import Callable
from typing import Any

Tell = Callable[[dict[str, Any]], None]
"""Takes node, attempt (from 1; 0 before the first request) and message."""
NoteNode = Callable[[str, float], None]
"""Takes a node's name and the seconds that it ran."""


class Narrator:
    """Turns the graph's tasks into sentences for who waits, and into seconds for who measures."""

    def __init__(self, tell: Tell, note_node: NoteNode) -> None:
        self._tell, self._note_node = tell, note_node
        self._began: dict[str, float] = {}
        self._attempt = 0

    def begin(self, task: str, node: str) -> None:
        """Tell that a task of this id begins."""
        self._began[task] = time.monotonic()
        self._attempt += node == "extract"
        messages = {
            "preprocess": "reading the pages",
            "extract": "asking the chat model",
            "validate": "checking the answer",
            "refine": "asking again for what failed",
        }
        self._say(node, messages.get(node, node))

    def end(self, task: str, node: str, update: Any) -> None:
        """Tell what came of it."""
        self._note_node(node, time.monotonic() - self._began.pop(task, time.monotonic()))
        update = dict(update)
        if node == "validate":
            errors = len(update.get("validation_errors") or [])
            self._say(
                node, f"{errors} {'thing is' if errors == 1 else 'things are'} wrong" if errors else "all is valid"
            )

    def _say(self, node: str, message: str) -> None:
        self._tell({"node": node, "attempt": self._attempt, "message": message})
