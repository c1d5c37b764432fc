"""Which documents are traced."""

from hashlib import sha256

from serving.batch.sampling import is_sampled

DOCUMENTS = [f"sha256:{sha256(str(number).encode()).hexdigest()}" for number in range(2000)]


def _sample(ratio: float) -> set[str]:
    return {document for document in DOCUMENTS if is_sampled(document, "any.pdf", ratio)}


def test_share_is_the_ratio_and_a_lower_one_is_part_of_it() -> None:
    """Three standard deviations of 2,000 draws: 0.1 +- 0.02 and 0.5 +- 0.034."""
    tenth, half = _sample(0.1), _sample(0.5)
    assert 160 <= len(tenth) <= 240
    assert 933 <= len(half) <= 1067
    assert tenth < half < _sample(1.0) == set(DOCUMENTS)


def test_source_stands_for_a_content_that_is_not_there() -> None:
    """Else all that can't be read would be traced, or nothing of it; half a sign in a name is no matter."""
    sources = [f"{number}-\udcff.pdf" for number in range(200)]
    assert 70 <= sum(is_sampled(None, source, 0.5) for source in sources) <= 130
    assert {is_sampled(DOCUMENTS[0], source, 0.5) for source in sources} in ({True}, {False})
