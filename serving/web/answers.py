"""From a row of the ledger to what goes out."""

from typing import Any

from serving.web.models import Extraction, ExtractionItem, WaitingItem
from serving.web.tables import StoredExtraction
from serving.web.threads import Question
from serving.wire import sendable


def to_item(stored: StoredExtraction, trace_page: str | None) -> ExtractionItem:
    """Return what a list shows of an extraction."""
    return ExtractionItem.model_validate(_item(stored, trace_page))


def to_extraction(stored: StoredExtraction, trace_page: str | None, question: Question | None = None) -> Extraction:
    """Return all of an extraction.

    Args:
        stored: its row.
        trace_page: address of a trace's page, with {trace_id} in it; None where there is no such page.
        question: what a person is asked.
    """
    rest = {"json_schema": stored.context["json_schema"], "result": stored.result, "review": stored.review}
    asked = {"waits_for": question and sendable(question.request)}
    asked["candidate"] = question and sendable(question.candidate)
    return Extraction.model_validate({**_item(stored, trace_page), **rest, **asked})


def to_waiting(stored: StoredExtraction, trace_page: str | None, question: Question) -> WaitingItem:
    """Return what the list of waiting reviews shows of an extraction."""
    return WaitingItem.model_validate({**_item(stored, trace_page), "waits_for": sendable(question.request)})


def _item(stored: StoredExtraction, trace_page: str | None) -> dict[str, Any]:
    context = stored.context
    title = (context["json_schema"] or {}).get("title", "inline") if context["json_schema"] is not None else None
    return {
        "id": stored.id,
        "document": stored.document,
        "name": stored.name,
        "status": stored.status,
        "is_reviewed": stored.review is not None,
        "created_at": stored.created_at,
        "ended_at": stored.ended_at,
        "schema": context["target_schema"] if title is None else str(title),
        "chat_model": context["chat_model"],
        "error": stored.error,
        "num_pages": stored.num_pages,
        "cost_usd": stored.cost_usd,
        "trace_id": stored.trace_id,
        "trace_url": trace_page.format(trace_id=stored.trace_id) if trace_page and stored.trace_id else None,
    }
