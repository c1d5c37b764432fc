"""A share whose two sides add up over documents."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Numerator and denominator; `+` pools documents."""

    numerator: float = 0
    denominator: float = 0

    def __add__(self, other: "Ratio") -> "Ratio":
        return Ratio(self.numerator + other.numerator, self.denominator + other.denominator)

    @property
    def value(self) -> float | None:
        """Their quotient; None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None
