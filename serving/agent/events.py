"""From a run of the graph to the events of OpenAI's Responses API.

response.created
response.output_item.added                 a reasoning item: what the run does, in sentences
response.reasoning_summary_text.delta …    each sentence; custom_outputs has node and attempt
response.output_item.done
response.output_item.added                 a message: the extraction as JSON, where there is one
response.content_part.added
response.output_text.delta
response.output_text.done
response.output_item.done
response.completed | incomplete | failed   the whole response; custom_outputs is the whole result
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from serving.narrator import Narrator
from serving.wire import sendable

Event = dict[str, Any]


class Telling:
    """Turns what LangGraph streams of one run (modes `tasks` and `values`) into events."""

    def __init__(self, chat_model: str | None) -> None:
        self._response = {"id": _new_id("resp"), "created_at": time.time(), "object": "response", "output": []}
        if chat_model:
            self._response["model"] = chat_model
        self._reasoning: dict[str, Any] = {"type": "reasoning", "id": _new_id("rs"), "summary": []}
        self._said: list[dict[str, Any]] = []
        self._narrator = Narrator(self._said.append, lambda _node, _seconds: None)
        self._result: dict[str, Any] = {}
        self._number = 0

    def begin(self) -> Iterator[Event]:
        """Tell that there will be an answer."""
        yield self._event("response.created", response={**self._response, "status": "in_progress"})
        yield self._event("response.output_item.added", output_index=0, item=self._reasoning)

    def tell(self, mode: str, part: Any) -> Iterator[Event]:
        """Tell what a part of the stream says."""
        if mode == "values":
            self._result = part
        elif "input" in part:
            self._narrator.begin(part["id"], part["name"], part["input"])
        else:
            self._narrator.end(part["id"], part["name"], part)
        while self._said:
            yield self._sentence(self._said.pop(0))

    def end(self) -> Iterator[Event]:
        """Tell the result; the last event holds all of it."""
        result = sendable(self._result)
        output = [self._reasoning]
        yield self._event("response.output_item.done", output_index=0, item=self._reasoning)
        if result["extraction"] is not None:
            message = _message(json.dumps(result["extraction"], ensure_ascii=False))
            yield from self._tell_message(message)
            output.append(message)
        response = {**self._response, "model": result["chat_model"], "output": output, **_ending(result)}
        yield self._event(f"response.{response['status']}", response={**response, "custom_outputs": result})

    def _sentence(self, said: dict[str, Any]) -> Event:
        index = len(self._reasoning["summary"])
        self._reasoning["summary"].append({"type": "summary_text", "text": said["message"]})
        return self._event(
            "response.reasoning_summary_text.delta",
            item_id=self._reasoning["id"], output_index=0, summary_index=index,
            delta=f"{said['message']}\n", custom_outputs=said,
        )  # fmt: skip

    def _tell_message(self, message: dict[str, Any]) -> Iterator[Event]:
        content = message["content"][0]
        place = {"item_id": message["id"], "output_index": 1, "content_index": 0}
        begun = {**message, "content": [], "status": "in_progress"}
        yield self._event("response.output_item.added", output_index=1, item=begun)
        yield self._event("response.content_part.added", **place, part={**content, "text": ""})
        yield self._event("response.output_text.delta", **place, delta=content["text"])
        yield self._event("response.output_text.done", **place, text=content["text"])
        yield self._event("response.output_item.done", output_index=1, item=message)

    def _event(self, type: str, **values: Any) -> Event:
        self._number += 1
        # Copies: what is told later must not change what was told.
        return {"type": type, "sequence_number": self._number - 1, **json.loads(json.dumps(values))}


def _message(text: str) -> dict[str, Any]:
    content = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": _new_id("msg"), "role": "assistant", "status": "completed", "content": [content]}


def _ending(result: dict[str, Any]) -> dict[str, Any]:
    """Say how it ended: an answer that isn't valid is incomplete, and none at all a failure."""
    if result["status"] == "valid":
        return {"status": "completed"}
    if result["extraction"] is not None:
        return {"status": "incomplete"}
    message = result["validation_errors"][0]["message"] if result["validation_errors"] else "there is no answer"
    return {"status": "failed", "error": {"code": result["stop_reason"], "message": message}}


def _new_id(kind: str) -> str:
    return f"{kind}_{uuid4().hex}"
