"""What a run does, in sentences for who waits."""

import time
from collections.abc import Callable, Sequence
from typing import Any

Tell = Callable[[dict[str, Any]], None]
"""Takes node, attempt (from 1; 0 before the first request) and message."""
NoteNode = Callable[[str, float], None]
"""Takes a node's name and the seconds that it ran."""


class Narrator:
    """Turns the graph's tasks into sentences for who waits, and into seconds for who measures.

    `before` is what was told of the same run until it stopped for a person.
    """

    def __init__(self, tell: Tell, note_node: NoteNode, before: Sequence[dict[str, Any]] = ()) -> None:
        self._tell, self._note_node = tell, note_node
        self._began: dict[str, float] = {}
        self._attempt = before[-1]["attempt"] if before else 0
        self._is_answer = bool(before)

    def begin(self, task: str, node: str, given: Any) -> None:
        """Tell that a task of this id begins, with what its node is given."""
        self._began[task] = time.monotonic()
        self._attempt += node == "extract"
        asks_person = node == "refine" and given.get("doubts")
        messages = {
            "preprocess": "reading the pages",
            "extract": "asking the chat model",
            "validate": "checking the answer",
            "refine": "asking again for what failed",
        }
        if not asks_person:
            self._say(node, messages.get(node, node))
        elif self._is_answer:
            self._say(node, "taking the answer")
        self._is_answer = False

    def end(self, task: str, node: str, done: Any) -> None:
        """Tell what came of it: an update of the state, or questions to a person."""
        self._note_node(node, time.monotonic() - self._began.pop(task, time.monotonic()))
        for interrupt in done.get("interrupts") or []:
            asked = len(interrupt["value"]["fields"])
            self._say(node, f"waiting for a person: {_count(asked, 'value')} in doubt")
        if node == "validate" and (update := dict(done.get("result") or {})):
            wrong, doubts = len(update["validation_errors"]), len(update["doubts"])
            doubted = f"{_count(doubts, 'value')} in doubt" if doubts else "all is valid"
            self._say(node, f"{_count(wrong, 'thing')} wrong" if wrong else doubted)

    def _say(self, node: str, message: str) -> None:
        self._tell({"node": node, "attempt": self._attempt, "message": message})


def _count(number: int, one: str) -> str:
    return f"{number} {one}{' is' if number == 1 else 's are'}"
