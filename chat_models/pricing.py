"""What a request cost, by the price list that ships with MLflow."""


def cost_usd(choice: str, input_tokens: int, output_tokens: int) -> float | None:
    """Return the price in US dollars of one request; None for a chat model that the list doesn't have.

    The local reader and a model run by Ollama cost nothing.
    """
    provider, _, model = choice.partition(":")
    if provider in ("local", "ollama"):
        return 0.0
    # MLflow takes seconds to import; it is here already where runs are traced.
    from mlflow.utils.providers import cost_per_token  # noqa: PLC0415

    costs = cost_per_token(model, input_tokens, output_tokens, custom_llm_provider=provider)
    return sum(costs) if costs else None
