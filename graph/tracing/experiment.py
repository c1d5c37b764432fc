"""The experiment that holds the traces."""

import os

from graph.settings import Settings

EXPERIMENT = "optophone"


def experiment_name() -> str:
    """Return the experiment that holds the traces: the one that `MLFLOW_EXPERIMENT_NAME` names, else our own."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)


def use_experiment(settings: Settings) -> str:
    """Use that experiment for what this process traces; return its id."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return str(mlflow.set_experiment(experiment_id=find_experiment(experiment_name(), settings)).experiment_id)


def find_experiment(name: str, settings: Settings) -> str:
    """Return an experiment's id; one that isn't there is made, with artifacts beside a local database."""
    import mlflow  # noqa: PLC0415 - takes seconds

    if found := mlflow.get_experiment_by_name(name):
        return str(found.experiment_id)
    is_local = settings.tracking_uri.startswith("sqlite:")
    location = (settings.data_dir / "artifacts").resolve().as_uri() if is_local else None
    try:
        return mlflow.create_experiment(name, artifact_location=location)
    except mlflow.MlflowException:  # another process was faster
        if found := mlflow.get_experiment_by_name(name):
            return str(found.experiment_id)
        raise
