"""Models on disk: one file, its version and its checksum first.

optophone-reader 2\\n<SHA-256 of the rest, 64 hex digits>\\n<a compressed npz of plain arrays>
"""

import hashlib
import io
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from chat_models.local.learned.models import Models
from chat_models.local.learned.trees import Trees
from schemas.errors import ChatModelError

# Goes up with every change of a feature or a stage: older weights would read nonsense into the new numbers.
FORMAT = 2
_MAGIC = b"optophone-reader "
_RETRAIN = "train it again with optophone train --dataset funsd:DIR --out PATH"
PACKAGED = "funsd.weights"


def models_to_bytes(models: Models) -> bytes:
    """Write the models; the same models give the same bytes."""
    arrays: dict[str, Any] = {}
    for field in fields(Models):
        model = getattr(models, field.name)
        arrays |= {f"{field.name}.{part.name}": getattr(model, part.name) for part in fields(model)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: _pack(name, values) for name, values in arrays.items()})
    payload = buffer.getvalue()
    digest = hashlib.sha256(payload).hexdigest().encode()
    return _MAGIC + str(FORMAT).encode() + b"\n" + digest + b"\n" + payload


def models_from_bytes(data: bytes, name: str) -> Models:
    """Read what `models_to_bytes` wrote.

    Raises:
        ChatModelError: it is something else, of another version, or damaged.
    """
    head, _, rest = data.partition(b"\n")
    if not head.startswith(_MAGIC):
        raise ChatModelError(f"expected weights of the local reader in '{name}', got something else; {_RETRAIN}")
    if head != _MAGIC + str(FORMAT).encode():
        version = head.removeprefix(_MAGIC)[:9].decode(errors="replace")
        raise ChatModelError(f"expected weights of format {FORMAT} in '{name}', got format {version}; {_RETRAIN}")
    digest, _, payload = rest.partition(b"\n")
    if hashlib.sha256(payload).hexdigest().encode() != digest:
        raise ChatModelError(f"the checksum of the weights '{name}' is wrong: the file is damaged; {_RETRAIN}")
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        parts = {field.name: _unpack(field.name, field.type, arrays) for field in fields(Models)}
    return Models(**parts)


@cache
def load_models(path: Path | None = None) -> Models:
    """Load weights once a process; without a path, the packaged ones.

    Raises:
        ChatModelError: the file can't be read, is of another version, or damaged.
    """
    try:
        data = (path or files("chat_models.local.learned") / PACKAGED).read_bytes()
    except OSError as error:
        raise ChatModelError(f"cannot read the weights '{path or PACKAGED}' ({error.strerror}); {_RETRAIN}") from error
    return models_from_bytes(data, path.name if path else PACKAGED)


def _pack(name: str, values: Any) -> Any:
    """Store children as distances from their node: small numbers, which compress well."""
    array = np.asarray(values)
    if name.endswith(".child"):
        return (array - np.arange(len(array))).astype(np.uint16)
    return array.astype(np.uint16) if name.endswith(".feature") else array


def _unpack(name: str, kind: Any, arrays: Any) -> Any:
    if kind is not Trees:
        return kind(arrays[f"{name}.weights"], arrays[f"{name}.bias"])
    nodes = np.arange(len(arrays[f"{name}.value"]), dtype=np.int32)
    return Trees(
        feature=arrays[f"{name}.feature"].astype(np.int32),
        threshold=arrays[f"{name}.threshold"],
        child=nodes + arrays[f"{name}.child"],
        value=arrays[f"{name}.value"],
        roots=arrays[f"{name}.roots"],
        depth=int(arrays[f"{name}.depth"]),
        classes=int(arrays[f"{name}.classes"]),
    )
