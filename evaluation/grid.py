"""The systems of a comparison: each chat model with each prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_uppercase

from graph.context import Context
from prompts.names import parse_name
from schemas.errors import UsageError


@dataclass(frozen=True)
class System:
    """One chat model with one prompt."""

    letter: str
    context: Context

    @property
    def chat_model(self) -> str:
        """Who answers."""
        return self.context.chat_model or ""

    @property
    def prompt(self) -> str:
        """The prompt of the first request, as extract@2."""
        return parse_name(self.context.extract_prompt).short


def make_grid(chat_models: Sequence[str], prompts: Sequence[str], base: Context) -> list[System]:
    """Combine each chat model with each prompt, lettered in that order; none given means the base's own.

    The same one twice is two systems: their difference is the chat model's own noise.

    Raises:
        UsageError: there are fewer than two systems, or more than letters.
    """
    given = {name: values for name, values in (("chat_model", chat_models), ("extract_prompt", prompts)) if values}
    contexts = [base.model_copy(update=dict(zip(given, choice, strict=True))) for choice in product(*given.values())]
    if not 2 <= len(contexts) <= len(ascii_uppercase):
        raise UsageError(
            f"expected 2 to {len(ascii_uppercase)} systems to compare, got {len(contexts)}; give --chat-model or "
            "--prompt twice (for a single system: optophone evaluate)"
        )
    return [System(letter, context) for letter, context in zip(ascii_uppercase, contexts, strict=False)]
