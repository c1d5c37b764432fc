"""Processes of their own: the session's store is not theirs."""

import os
from pathlib import Path


def own_environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this environment with a data folder of its own, without what MLflow and the tests have set in it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "OPENAI_"))}
    return {**inherited, "OPTOPHONE_DATA_DIR": str(data_dir), **variables}
