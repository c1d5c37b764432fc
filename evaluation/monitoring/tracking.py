"""A monitoring as an MLflow run, for who wants to see how the windows went over the months.

tags       optophone.kind=monitoring, optophone.schema, optophone.verdict
metrics    by the names of WATCHED: NAME (the last window), NAME.before, NAME.change, NAME.p_value (corrected)
artifacts  monitoring.png, monitoring.html, monitoring.json
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evaluation.monitoring.monitor import Monitoring
from evaluation.monitoring.runs import ask
from graph.settings import get_settings
from graph.tracing.experiment import use_experiment
from graph.tracing.tags import KIND_TAG, SCHEMA_TAG

KIND = "monitoring"


def log_monitoring(monitoring: Monitoring, facts: dict[str, Any], files: Sequence[Path]) -> str:
    """Log it, the facts as parameters; return the run's id.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """

    def log(client: Any) -> str:
        from mlflow.entities import Metric, Param  # noqa: PLC0415 - takes seconds

        tags = {KIND_TAG: KIND, SCHEMA_TAG: monitoring.windows.schema or "", "optophone.verdict": monitoring.verdict}
        run = client.create_run(
            use_experiment(get_settings()), tags=tags, run_name=f"{KIND} {monitoring.windows.schema}"
        )
        now_ms, run_id = int(time.time() * 1000), str(run.info.run_id)
        metrics = [Metric(name, value, now_ms, 0) for name, value in _metrics(monitoring)]
        client.log_batch(run_id, metrics=metrics, params=[Param(name, str(value)) for name, value in facts.items()])
        for file in files:
            client.log_artifact(run_id, str(file))
        client.set_terminated(run_id)
        return run_id

    return ask(log)


def _metrics(monitoring: Monitoring) -> Iterator[tuple[str, float]]:
    for change in monitoring.changes:
        yield change.figure, change.last
        yield f"{change.figure}.before", change.before
        yield f"{change.figure}.change", change.change
        yield f"{change.figure}.p_value", change.adjusted_p_value
