"""What this process may do and where its things are, from `OPTOPHONE_*` variables and `.env`."""

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from documents.limits import Limits
from documents.store import DocumentStore
from graph.env_file import ENV_FILE, ENV_PREFIX, reading_env_file
from schemas.errors import UsageError


class Settings(BaseSettings):
    """Process-wide settings; what a single run may choose is in `graph.context.Context`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=ENV_FILE, extra="ignore")

    data_dir: Path = Field(Path(".optophone"), description="Documents, and MLflow's store unless it has its own place")
    database_url: SecretStr | None = Field(
        None,
        description="postgresql://… for what must outlive the process; without one, SQLite files in the data folder",
    )
    chat_model: str | None = Field(None, description="Chat model for runs that name none")
    tracing: bool = Field(True, description="Trace each run to MLflow")
    allow_paths: bool = Field(True, description="Accept documents by file path; off where strangers can ask")
    max_document_bytes: int = Field(Limits.max_bytes, gt=0)
    max_page_pixels: int = Field(Limits.max_pixels, gt=0)
    max_document_pages: int = Field(Limits.max_pages, gt=0)
    chat_model_timeout_s: float = Field(120, gt=0, description="Longest wait for one answer of a chat model")
    redact_fields: str = Field(
        "", description="Fields whose values stay out of traces and logs; see docs/governance.md"
    )
    redact_patterns: str = Field("", description="Patterns that stay out of traces and logs; see docs/governance.md")
    registry_timeout_s: float = Field(2, gt=0, description="Longest wait for MLflow while a document is waiting")

    @property
    def limits(self) -> Limits:
        """Limits on what is decoded."""
        return Limits(self.max_document_bytes, self.max_page_pixels, self.max_document_pages)

    @property
    def answers(self) -> Path:
        """Where answers of chat models are kept from run to run."""
        return self.data_dir / "answers.db"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store: `MLFLOW_TRACKING_URI`, else a SQLite file in the data folder."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(self.data_dir / 'mlflow.db').resolve()}"


@cache
def get_settings() -> Settings:
    """Read the settings once a process.

    Raises:
        UsageError: a variable holds what it can't be, or `.env` is no text.
    """
    try:
        with reading_env_file():
            return Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"{ENV_PREFIX}{wrong['loc'][0]}".upper()
        raise UsageError(f"{name} is '{wrong['input']}': {wrong['msg']}; correct the variable") from error


@cache
def get_store() -> DocumentStore:
    """Open the document store of this process."""
    return DocumentStore(get_settings().data_dir / "documents")
