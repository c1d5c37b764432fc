"""A client of the whole stack, and the secrets that it was started with."""

import time
from pathlib import Path
from typing import Any

import httpx

FORMS = 20
# Two cores read a form in some seconds; a crowded machine takes its time.
_WORK_S = 600
TOKEN = "token-of-the-whole-stack-0123456789abcdef"
VARIABLES = {
    "POSTGRES_PASSWORD": "administrator's password: 1/2@3",
    "OPTOPHONE_DATABASE_PASSWORD": "service's password: #4%5",
    "MLFLOW_DATABASE_PASSWORD": "mlflow's password: ?6&7",
    "OPTOPHONE_API_TOKENS": f"stack:review:{TOKEN}",
}


class Client(httpx.Client):
    """REST of the service, with the token."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120)

    def extract(self, path: Path) -> dict[str, Any]:
        """Upload a form and wait for what became of it."""
        answer = self.post("/documents", files={"file": (path.name, path.read_bytes())})
        assert answer.status_code == 201, answer.text
        wanted = {"document": answer.json()["document"], "schema": "form"}
        extraction = self.post("/extractions?wait=50", json=wanted).json()
        deadline = time.monotonic() + _WORK_S
        while extraction["status"] in ("queued", "running") and time.monotonic() < deadline:
            time.sleep(1)
            extraction = self.get(f"/extractions/{extraction['id']}").json()
        return dict(extraction)
