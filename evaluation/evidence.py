"""The evaluation that a system rests on: the newest that made the same choices."""

from typing import Any, NamedTuple

from evaluation.system import describe
from graph.context import Context
from graph.settings import Settings
from prompts.connection import connect

_HEADLINES = ("pair_f1", "field_accuracy")
"""Of forms, and of schemas with named fields."""


class Evidence(NamedTuple):
    """A finished evaluation of a system."""

    run_id: str
    dataset: str
    """Kind and digest."""
    figure: str
    """Its headline with the 95 % interval, such as "pair_f1 0.507 (0.482 to 0.531)"; "" where it has none."""


def find_evidence(context: Context, settings: Settings) -> Evidence | None:
    """Return the newest finished evaluation of a pinned system; None where there is none.

    It is the same system where every parameter of the run is the context's: schema, chat model, prompt versions,
    attempts, rules and the rest.
    """
    connect(settings.tracking_uri)
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    runs = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        "tags.`optophone.kind` = 'evaluation' AND attributes.status = 'FINISHED' "
        f"AND tags.`optophone.extract_prompt` = '{context.extract_prompt}'",
        order_by=["attributes.start_time DESC"],
    )
    system = {name: str(value) for name, value in describe(context, settings).items()}
    same = (run for run in runs if system.items() <= run.data.params.items())
    return next(map(_evidence, same), None)


def _evidence(run: Any) -> Evidence:
    figures = run.data.metrics
    name = next((name for name in _HEADLINES if name in figures), None)
    said = f"{name} {figures[name]:.3f} ({figures[f'{name}.low']:.3f} to {figures[f'{name}.high']:.3f})" if name else ""
    return Evidence(run.info.run_id, run.data.tags.get("optophone.dataset", ""), said)
