"""What the service may do, from `OPTOPHONE_*` variables; what every way in shares is in `graph.settings`."""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.env_file import ENV_FILE, ENV_PREFIX, reading_env_file
from graph.settings import get_settings
from schemas.errors import UsageError


class ServiceSettings(BaseSettings):
    """Settings of the service alone."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=ENV_FILE, extra="ignore")

    api_tokens: SecretStr = Field(
        SecretStr(""), description="Comma-separated name:role:token; roles: read < extract < review"
    )
    chat_models: str = Field("", description="Comma-separated chat models that clients may choose beside the default")
    # A chat model of several seconds keeps two cores busy with as many; beyond, a provider's rate limit is near.
    max_concurrent: int = Field(16, gt=0, description="Extractions at the same time")
    max_queued: int = Field(10_000, gt=0, description="Extractions that wait at most; more are refused")
    # The page asks for a list and some images a second; a script that uploads in parallel stays below.
    requests_per_minute: int = Field(1200, gt=0, description="Requests of one token (or address, without tokens)")
    retention_days: float | None = Field(None, gt=0, description="Forget documents after this time; without it, never")
    mlflow_page: str | None = Field(None, description="Where browsers reach MLflow, if not at MLFLOW_TRACKING_URI")
    request_log: bool = Field(True, description="Log each extraction as a run in MLflow")

    def choosable_chat_models(self) -> list[str]:
        """Return what a client may name, the default first."""
        from chat_models.factory import default_chat_model  # noqa: PLC0415 - takes half a CPU second

        default = get_settings().chat_model or default_chat_model()
        named = (name.strip() for name in self.chat_models.split(","))
        return list(dict.fromkeys([default, "local", *filter(None, named)]))


def get_service_settings() -> ServiceSettings:
    """Read the settings.

    Raises:
        UsageError: a variable holds what it can't be, or `.env` is no text; the message doesn't repeat it.
    """
    try:
        with reading_env_file():
            return ServiceSettings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"{ENV_PREFIX}{wrong['loc'][0]}".upper()
        raise UsageError(f"{name} can't be used: {wrong['msg']}; correct the variable") from error
