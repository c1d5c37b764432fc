"""Where `langgraph dev` keeps its threads (`checkpointer.path` in langgraph.json): they survive its end."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from graph.checkpoints import aopen_checkpointer
from graph.settings import get_settings


def open_langgraph_checkpointer() -> AbstractAsyncContextManager[BaseCheckpointSaver[Any]]:
    """Open it, apart from the service's and the command line's."""
    return aopen_checkpointer(get_settings(), "langgraph")
