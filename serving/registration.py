"""Register the graph as a model: code, prompts, requirements, and the evaluation that it rests on."""

import logging
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from chat_models.factory import LOCAL, RULES
from chat_models.local.learned.weights import PACKAGED
from evaluation.evidence import Evidence, find_evidence
from evaluation.system import describe, pin
from graph.audit import record
from graph.context import Context
from graph.settings import Settings
from graph.tracing.experiment import use_experiment
from prompts.connection import connect
from prompts.names import parse_name
from prompts.promotions import login_name
from prompts.registry import load_prompt
from schemas.errors import ChatModelError, SchemaError, UnreachableError
from serving.requirements import pinned_requirements

MODEL = "optophone"
_ROLES = ("extract_prompt", "refine_prompt")
_ROOT = Path(__file__).parent.parent
_PACKAGES = ("schemas", "documents", "chat_models", "prompts", "nodes", "graph")
_OF_SERVING = ("__init__.py", "narrator.py", "wire.py", "agent")
"""What `serving/responses_agent.py` imports of its own package."""
_EXAMPLE = Path(__file__).parent / "agent" / "example.pdf"
# Some megabytes to a server that may be far.
_DEADLINE_S = 300.0
_logger = logging.getLogger("optophone")


class Registered(NamedTuple):
    """A version in the model registry."""

    version: int
    context: Context
    """Its choices, pinned."""
    evidence: Evidence | None


def register(context: Context, settings: Settings, alias: str | None = None) -> Registered:
    """Log and register the graph with these choices; the model reads one small page with them first.

    Raises:
        UsageError: the schema, the chat model or a prompt version is unknown, or can't travel.
        UnreachableError: MLflow doesn't answer.
    """
    context = _portable(pin(context, settings), settings)
    evidence = find_evidence(context, settings)
    if evidence is None:
        _logger.warning("no evaluation of this system is in MLflow: run `optophone evaluate` with the same choices")
    connection = connect(settings.tracking_uri)
    version = connection.run(lambda: _register(context, settings, evidence, alias), _DEADLINE_S)
    rests_on = f"run {evidence.run_id}" if evidence else "no evaluation"
    record("registered", f"models:/{MODEL}/{version}", login_name(), rests_on + (f", as {alias}" if alias else ""))
    return Registered(version, context, evidence)


def _portable(context: Context, settings: Settings) -> Context:
    """Return the context with its schema inline; refuse what stays behind on this machine.

    The schema of a file keeps its name as its title, so that prompts and results call it the same.
    """
    target = context.schema_to_fill(allow_paths=settings.allow_paths)
    if target.name != context.target_schema and target.rules is not None:
        raise SchemaError(
            f"the class '{context.target_schema}' can't travel with the model; register a schema by its name or file"
        )
    chat_model = str(context.chat_model)
    if chat_model.startswith(f"{LOCAL}:") and chat_model not in (RULES, *(f"{LOCAL}:{name}" for name in PACKAGED)):
        raise ChatModelError(f"the weights of '{chat_model}' can't travel with the model; register a packaged reader")
    for prompt in (context.extract_prompt, context.refine_prompt):
        if parse_name(prompt).version is None:  # pinning leaves it where the registry doesn't answer
            raise UnreachableError(f"MLflow gave no version of {prompt}; try again when it answers")
    if target.rules is not None:
        return context
    inline = {"target_schema": "form", "json_schema": {**target.json_schema, "title": target.name}}
    return Context(**{**context.model_dump(), **inline})


def _register(context: Context, settings: Settings, evidence: Evidence | None, alias: str | None) -> int:
    import mlflow.pyfunc  # noqa: PLC0415 - takes seconds
    from mlflow import MlflowClient  # noqa: PLC0415

    use_experiment(settings)
    tags = _tags(context, settings, evidence)
    with _code() as folders:
        logged = mlflow.pyfunc.log_model(
            name=MODEL,
            python_model=str(_ROOT / "serving" / "responses_agent.py"),
            code_paths=[str(folder) for folder in folders],
            model_config=_model_config(context, settings),
            pip_requirements=pinned_requirements(str(context.chat_model)),
            prompts=[getattr(context, role) for role in _ROLES],
            input_example=_example(),
            params=describe(context, settings),
            tags=tags,
            registered_model_name=MODEL,
        )
    client, version = MlflowClient(), logged.registered_model_version
    if evidence:
        _link(client, evidence.run_id, logged.model_id)
    client.update_model_version(MODEL, version, _description(context, evidence))
    if alias:
        client.set_registered_model_alias(MODEL, alias, version)
    return int(version)


def _model_config(context: Context, settings: Settings) -> dict[str, Any]:
    """Return what the model is loaded with; the prompts' texts travel, so that it says the same anywhere."""
    prompts = {
        role: load_prompt(getattr(context, role), settings.tracking_uri, settings.registry_timeout_s)._asdict()
        for role in _ROLES
    }
    # As text: MLflow sorts what it writes, and a schema's fields have an order.
    return {"context": context.model_dump_json(), "chat_models": [context.chat_model], "prompts": prompts}


@contextmanager
def _code() -> Iterator[list[Path]]:
    """Gather the packages that the model needs: of `serving` just the agent."""
    with tempfile.TemporaryDirectory(prefix="optophone-") as folder:
        code = Path(folder)
        for package in _PACKAGES:
            shutil.copytree(_ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
        (code / "serving").mkdir()
        for name in _OF_SERVING:
            copy = shutil.copytree if (source := _ROOT / "serving" / name).is_dir() else shutil.copy
            copy(source, code / "serving" / name)
        yield sorted(code.iterdir())


def _example() -> dict[str, Any]:
    data = f"data:application/pdf;base64,{b64encode(_EXAMPLE.read_bytes()).decode()}"
    part = {"type": "input_file", "filename": _EXAMPLE.name, "file_data": data}
    return {"input": [{"role": "user", "content": [part]}], "custom_inputs": {"max_attempts": 1}}


def _tags(context: Context, settings: Settings, evidence: Evidence | None) -> dict[str, str]:
    choices = describe(context, settings)
    named = {f"optophone.{name}": str(choices[name]) for name in ("schema", "chat_model", *_ROLES)}
    return {**named, **({"optophone.evaluation_run": evidence.run_id} if evidence else {})}


def _link(client: Any, run_id: str, model_id: str) -> None:
    """Show the model in the evaluation's run, as what it evaluated."""
    from mlflow.entities import LoggedModelInput  # noqa: PLC0415 - takes seconds

    client.log_inputs(run_id, models=[LoggedModelInput(model_id)])


def _description(context: Context, evidence: Evidence | None) -> str:
    system = f"{context.chat_model} with {context.extract_prompt} and {context.refine_prompt}"
    if evidence is None:
        return f"{system}. Not evaluated when it was registered."
    return f"{system}. Evaluated on {evidence.dataset}: {evidence.figure or 'no headline'}, run {evidence.run_id}."
