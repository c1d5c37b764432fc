"""What a model asks its environment for."""

from importlib.metadata import version

from serving.requirements import pinned_requirements


def test_every_package_is_named_with_the_version_that_is_installed() -> None:
    """Needs of needs too; nothing is left to the day of the installation."""
    pins = dict(line.split("==") for line in pinned_requirements("local"))
    for name in ("mlflow", "langgraph", "rapidocr", "onnxruntime", "pillow", "opencv-python-headless", "pydantic-core"):
        assert pins[name] == version(name)


def test_what_development_alone_needs_is_left_out() -> None:
    """Nor is the project itself asked for: its code is in the model."""
    names = {line.partition("==")[0] for line in pinned_requirements("local")}
    assert not names & {"pytest", "ruff", "mypy", "playwright", "lightgbm", "gepa", "langgraph-cli", "optophone"}


def test_providers_package_comes_along() -> None:
    """As LangChain names it; one that isn't installed can't be pinned."""
    assert f"langchain-openai=={version('langchain-openai')}" in pinned_requirements("openai:gpt-4o-mini")
    assert pinned_requirements("no_such_provider:x") == pinned_requirements("local")
