"""Raw answers of real chat models to real receipts, with their real mistakes, replayed through the graph."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat_models.scripted import ScriptedChatModel
from evaluation.recorded import SCHEMA
from graph.builder import make_graph

pytestmark = pytest.mark.slow


def test_every_recorded_answer_ends_as_designed(
    shared_data: Path, script: Callable[..., tuple[str, ScriptedChatModel]]
) -> None:
    """Code fences, numbers as text and cut-off JSON: all but the two cut-off answers are valid, none raises."""
    graph = make_graph()
    rows = [json.loads(line) for line in (shared_data / "recorded" / "answers.jsonl").read_text().splitlines()]
    outcomes: Counter[str] = Counter()
    for row in rows:
        name, _ = script(row["answer"])
        context: dict[str, Any] = {"json_schema": SCHEMA, "chat_model": name, "max_attempts": 1}
        result = graph.invoke({"document": str(shared_data / "recorded" / row["document"])}, context=context)
        outcomes[result["status"]] += 1
        total = result["extraction"]["total"]
        assert total is None or isinstance(total, float | int)
        if result["status"] == "exhausted":
            assert [(error["path"], error["kind"]) for error in result["validation_errors"]] == [
                ("/line_items", "parse")
            ]
            assert len(result["extraction"]["line_items"]) >= 10
    assert outcomes == {"valid": 61, "exhausted": 2}
