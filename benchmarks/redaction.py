"""CPU milliseconds that redaction takes a document, and how many of its traces.

    python -m benchmarks.redaction FILE... [--schema receipt] [--fields /company,/total] [--patterns iban,phone]

The pages are read once before; then each file is extracted five times by the local reader. With neither fields nor
patterns nothing is wrapped and nothing is measured: redaction is off.
"""

import argparse
import os
import time
from statistics import mean, quantiles
from typing import Any

_ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--schema", default="form")
    parser.add_argument("--fields", default="")
    parser.add_argument("--patterns", default="")
    arguments = parser.parse_args()
    os.environ.update(OPTOPHONE_REDACT_FIELDS=arguments.fields, OPTOPHONE_REDACT_PATTERNS=arguments.patterns)
    from graph.app import graph  # noqa: PLC0415 - after the settings
    from graph.redaction.spans import SpanRedactor  # noqa: PLC0415

    spent: list[float] = []
    clean = SpanRedactor._clean_trace

    def timed(self: Any, spans: Any) -> None:
        began = time.thread_time()
        clean(self, spans)
        spent.append(1000 * (time.thread_time() - began))

    SpanRedactor._clean_trace = timed  # type: ignore[method-assign]
    context = {"target_schema": arguments.schema, "chat_model": "local"}
    for file in arguments.files:
        graph.invoke({"document": file}, context=context)
    spent.clear()
    began = time.process_time()
    for _ in range(_ROUNDS):
        for file in arguments.files:
            graph.invoke({"document": file}, context=context)
    runs = _ROUNDS * len(arguments.files)
    print(f"{runs} runs, {1000 * (time.process_time() - began) / runs:.0f} ms CPU each, tracing included")
    if spent:
        print(f"redaction: mean {mean(spent):.1f} ms, 95th percentile {quantiles(spent, n=20)[-1]:.1f} ms")


if __name__ == "__main__":
    main()
