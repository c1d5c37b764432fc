"""Count what `review="on_doubt"` asks a person about, and on forms how much of what is wrong that is.

    python -m benchmarks.review FUNSD SROIE RECORDED    (a split of FUNSD; receipts; recorded answers of chat models)

The local reader reads forms and receipts; the recorded answers are given as they were, one attempt each. A pair is
asked about where its key or the value is, and right where an annotated pair equals it but for case and blanks. OCR
words are cached in the document store.
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.sroie import load_sroie
from evaluation.metrics import TextPair, extraction_to_pairs
from evaluation.recorded import SCHEMA, load_recorded
from graph.builder import make_graph
from graph.context import Context

# So many were measured in docs/experiments.md, before doubtful values were asked about and after.
FORMS = 40


@dataclass(frozen=True)
class Asked:
    """One document's result and the places that a person is asked about."""

    result: Mapping[str, Any]
    paths: frozenset[str]


def main() -> None:
    """Print a line for each kind of document, and one for the pairs of the forms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("funsd", type=Path)
    parser.add_argument("sroie", type=Path)
    parser.add_argument("recorded", type=Path)
    parser.add_argument("--forms", type=int, default=FORMS, help="so many of FUNSD's forms, the first by name")
    options = parser.parse_args()
    forms = load_funsd(options.funsd)[0][: options.forms]
    asked = [ask(form.document, Context(chat_model="local")) for form in forms]
    report("forms of FUNSD", asked)
    report_pairs(asked, [extraction_to_pairs(form.expected) for form in forms])
    receipt = Context(chat_model="local", target_schema="receipt")
    report("receipts of SROIE", [ask(sample.document, receipt) for sample in load_sroie(options.sroie)[0]])
    answers = load_recorded(options.recorded)
    report("recorded answers", [ask_recorded(one.document, one.answer) for one in answers])


def ask(document: str, context: Context) -> Asked:
    """Run the graph until it ends or waits."""
    graph = make_graph(checkpointer=InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "review"}}
    context = context.model_copy(update={"review": "on_doubt"})
    result = graph.invoke({"document": document}, config, context=context)
    interrupts = result.get("__interrupt__", ())
    return Asked(result, frozenset(doubt["path"] for one in interrupts for doubt in one.value["fields"]))


def ask_recorded(document: str, answer: str) -> Asked:
    """Give a recorded answer to its document."""
    register_chat_model("recorded", partial(ScriptedChatModel, answers=[answer]))
    return ask(document, Context(chat_model="recorded", json_schema=SCHEMA, max_attempts=1))


def report(title: str, asked: list[Asked]) -> None:
    """Print how many documents wait, and with how many questions."""
    questions = [len(one.paths) for one in asked if one.paths]
    values = sum(len(one.result["fields"]) for one in asked)
    print(
        f"{len(asked)} {title}: {len(questions)} wait ({len(questions) / len(asked):.0%}), "
        f"median {median(questions or [0]):g} questions, {sum(questions)} in all, {values} values",
        flush=True,
    )


def report_pairs(asked: list[Asked], expected: list[list[TextPair]]) -> None:
    """Print how many of the pairs asked about are wrong, and their share of all wrong ones."""
    pairs = asked_of = wrong = caught = caught_by_key = 0
    for one, annotated in zip(asked, expected, strict=True):
        right = {folded(pair) for pair in annotated}
        keys = {key for key, _ in right}
        for pair, is_asked in pairs_of(one):
            is_wrong = folded(pair) not in right
            pairs += 1
            asked_of += is_asked
            wrong += is_wrong
            caught += is_asked and is_wrong
            caught_by_key += is_asked and is_wrong and folded(pair)[0] not in keys
    print(
        f"  {pairs} pairs, {wrong} wrong; asked about {asked_of}, of which {caught} wrong "
        f"({caught / max(asked_of, 1):.0%}, {caught_by_key} of them by a key that none equals): "
        f"{caught / max(wrong, 1):.0%} of all wrong ones",
        flush=True,
    )


def pairs_of(one: Asked) -> Iterable[tuple[TextPair, bool]]:
    """Yield each pair of a form, and whether it is asked about."""
    for number, pair in enumerate(one.result["extraction"]["pairs"]):
        path = f"/pairs/{number}"
        for index, value in enumerate(pair["values"]):
            yield (pair["key"], value), not one.paths.isdisjoint({f"{path}/key", f"{path}/values/{index}"})


def folded(pair: TextPair) -> TextPair:
    """Fold case and blanks."""
    key, value = (" ".join(text.casefold().split()) for text in pair)
    return key, value


if __name__ == "__main__":
    main()
