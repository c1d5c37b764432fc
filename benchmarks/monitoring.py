"""How often `optophone monitor` sees a chat model drop a fifth of the pairs, and how often it cries wolf.

    python -m benchmarks.monitoring ../shared/data/funsd/training_data --answers annotated --reader local:generated

Answers are the annotated pairs, as of a chat model that reads everything, or the local reader's. Both windows are drawn
from the forms with replacement, as if each draw were another form; in half of the trials the answers of the last window
have lost each pair with a chance of a fifth. Counted are the trials in which a figure is worse: with its own p-value,
and as the command judges it, corrected for the number of figures.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.sample import Sample
from evaluation.monitoring.change import LEVEL, Change, compare_windows
from evaluation.monitoring.figures import Observation
from evaluation.monitoring.page import page_figures
from evaluation.monitoring.runs import TracedRun
from graph.builder import make_graph
from graph.context import Context
from graph.tracing.tags import run_figures

# Of each form so many answers that lost pairs, to draw from.
VARIANTS = 10


def main() -> None:
    """Print, for each size of the windows, how often each figure was worse with and without a regression."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD")
    parser.add_argument("--answers", choices=["annotated", "local"], default="annotated")
    parser.add_argument("--reader", default="local", help="who reads a second time")
    parser.add_argument("--windows", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--lost", type=float, default=0.2, help="share of the pairs")
    parser.add_argument("--trials", type=int, default=100)
    options = parser.parse_args()
    os.environ["OPTOPHONE_TRACING"] = "false"
    samples, _ = load_funsd(options.folder)
    results = [read(sample, options.answers) for sample in samples]
    chance = Random(0)  # noqa: S311 - draws, no secrets
    whole = [observe(result, options.reader) for result in results]
    lossy = [
        [observe(lose(result, options.lost, chance), options.reader) for _ in range(VARIANTS)] for result in results
    ]
    for window in options.windows:
        for title, kinds in (("nothing lost", [[one] for one in whole]), (f"{options.lost:.0%} lost", lossy)):
            draws = (Random(seed) for seed in range(options.trials))  # noqa: S311 - as above
            trials = [trial(whole, kinds, window, chance) for chance in draws]
            report(f"window {window}, {title}", trials)


def read(sample: Sample, answers: str) -> dict[str, Any]:
    """Run the graph on one form."""
    name = "local"
    if answers == "annotated":
        name = "annotated"
        register_chat_model(name, lambda: ScriptedChatModel(answers=[json.dumps(sample.expected)] * 3))
    result: dict[str, Any] = make_graph().invoke({"document": sample.document}, context=Context(chat_model=name))
    return result


def lose(result: dict[str, Any], share: float, chance: Random) -> dict[str, Any]:
    """Leave out each pair, with its places, by chance."""
    pairs = result["extraction"]["pairs"]
    kept = [index for index in range(len(pairs)) if chance.random() >= share]
    fields = [field for field in result["fields"] if int(field["path"].split("/")[2]) in kept]
    return {**result, "fields": fields, "extraction": {"pairs": [pairs[index] for index in kept]}}


def observe(result: dict[str, Any], reader: str) -> Observation:
    """Return what the run's trace would tell."""
    run = TracedRun(
        trace_id="",
        at=datetime.now(UTC),
        seconds=None,
        document=result["document"],
        name="",
        schema=result["target_schema"],
        status=result["status"],
        chat_model=result["chat_model"],
        prompts=tuple(result["prompts"]),
        figures=run_figures(result),
        reviewers=(),
        kind="",
        session="",
    )
    return Observation(run, page_figures(result["fields"], run.document, run.schema, reader))


def trial(whole: list[Observation], kinds: list[list[Observation]], window: int, chance: Random) -> list[Change]:
    """Compare two windows drawn by chance."""
    before = [chance.choice(whole) for _ in range(window)]
    last = [chance.choice(chance.choice(kinds)) for _ in range(window)]
    return compare_windows(distinct(before, "before"), distinct(last, "last"), chance.randrange(2**31))


def distinct(drawn: Sequence[Observation], window: str) -> list[Observation]:
    """Give each draw a document of its own."""
    return [replace(one, run=replace(one.run, document=f"{window} {number}")) for number, one in enumerate(drawn)]


def report(title: str, trials: list[list[Change]]) -> None:
    """Print the shares of trials in which each figure was worse."""
    alone = Counter(change.figure for trial in trials for change in trial if change.p_value <= LEVEL)
    judged = Counter(change.figure for trial in trials for change in trial if change.is_worse)
    flagged = sum(any(change.is_worse for change in trial) for trial in trials)
    print(f"\n{title}: {flagged} of {len(trials)} windows flagged")
    for change in trials[0]:
        name = change.figure
        print(f"  {name:18} p <= {LEVEL}: {alone[name]:4}   corrected: {judged[name]:4}", flush=True)


if __name__ == "__main__":
    main()
