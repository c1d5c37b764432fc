"""The served graph. Importing this module turns tracing on (`OPTOPHONE_TRACING=false` turns it off), and redaction."""

import gc

from graph.builder import make_graph
from graph.redaction.logs import redact_logs
from graph.redaction.rules import get_redaction
from graph.settings import get_settings
from graph.tracing.enable import enable_tracing

if redaction := get_redaction():
    redact_logs(redaction)

# MLflow's import makes half a million objects that stay until the end. To look for garbage among them takes a quarter
# of that import's time, then 0.3 s of some document, and again at exit: they are set aside.
_collects = gc.isenabled()
gc.disable()
try:
    enable_tracing(get_settings())
finally:
    gc.freeze()
    if _collects:
        gc.enable()

graph = make_graph()
