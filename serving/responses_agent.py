"""The graph as an MLflow `ResponsesAgent`. MLflow runs this file to load the model, with `code/` in its search path."""

from collections.abc import AsyncGenerator, Generator
from typing import Any, cast

from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModelContext, ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent

from graph.builder import make_graph
from graph.context import Context
from graph.redaction.logs import redact_logs
from graph.redaction.rules import get_redaction
from graph.settings import get_settings
from graph.tracing.enable import clean_spans, trace_runs
from prompts.registry import LoadedPrompt, carry_prompt
from serving.agent.events import Event, Telling
from serving.agent.request import Wanted, read_request


class OptophoneAgent(ResponsesAgent):
    """Reads the page of a request; the fields come back as text and, with their places, as custom outputs."""

    def __init__(self) -> None:
        self._graph = make_graph()
        self._context = Context()
        self._chat_models: list[str] = []

    def load_context(self, context: PythonModelContext) -> None:
        """Take the choices and the prompts that travel with a registered model."""
        config = context.model_config
        carried = {role: carry_prompt(LoadedPrompt(**prompt)) for role, prompt in config["prompts"].items()}
        chosen = Context.model_validate_json(config["context"])
        self.configure(chosen.model_copy(update=carried), config["chat_models"])
        if redaction := get_redaction():
            redact_logs(redaction)
        if get_settings().tracing:
            trace_runs()
        else:  # MLflow makes a span of each call all the same
            clean_spans()

    def configure(self, context: Context, chat_models: list[str]) -> None:
        """Set the choices that hold where a request makes none, and the chat models that it may choose."""
        self._context, self._chat_models = context, chat_models

    def read(self, request: ResponsesAgentRequest) -> Wanted:
        """Find what a request asks for.

        Raises:
            UsageError: as `read_request`.
        """
        return read_request(request, self._context, self._chat_models)

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:  # type: ignore[override] # MLflow's own
        """Read the page; raises UsageError where the request is wrong."""
        *_, last = self._events(self.read(request))
        return ResponsesAgentResponse(**last["response"])

    def predict_stream(  # type: ignore[override]
        self, request: ResponsesAgentRequest
    ) -> Generator[ResponsesAgentStreamEvent, None, None]:
        """Read the page and tell what happens; the last event holds the whole response."""
        for event in self._events(self.read(request)):
            yield ResponsesAgentStreamEvent(**event)

    def _events(self, wanted: Wanted) -> Generator[Event, None, None]:
        telling = Telling(wanted.context.chat_model)
        yield from telling.begin()
        for mode, part in cast("Any", self._graph.stream(**self._call(wanted))):
            yield from telling.tell(mode, part)
        yield from telling.end()

    async def aevents(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Do the same without holding a thread while the chat model answers."""
        telling = Telling(wanted.context.chat_model)
        for event in telling.begin():
            yield event
        async for mode, part in cast("Any", self._graph.astream(**self._call(wanted))):
            for event in telling.tell(mode, part):
                yield event
        for event in telling.end():
            yield event

    def _call(self, wanted: Wanted) -> dict[str, Any]:
        return {
            "input": {"document": wanted.document},
            "context": wanted.context,
            "stream_mode": ["tasks", "values"],
            "output_keys": self._graph.output_channels,  # else the values are the whole state
        }


agent = OptophoneAgent()
set_model(agent)
