"""The served graph. Importing this module turns tracing on (`OPTOPHONE_TRACING=false` turns it off)."""

from graph.builder import make_graph
from graph.settings import get_settings
from graph.tracing import enable_tracing

enable_tracing(get_settings())

graph = make_graph()
