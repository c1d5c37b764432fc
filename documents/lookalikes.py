"""Characters that text readers take for each other, and whether two readings differ in anything else."""

# Two different digits are never one class: a digit that differs is a difference. The letters stand for their capitals
# too, as normalised text is lower case: d is also the D that looks like an O, g the G like a 6, b the B like an 8.
_CLASSES = ("0odq", "1li", "2z", "5s", "6g", "8b")
_FOLD = str.maketrans({char: members[0] for members in _CLASSES for char in members})
# Two letters that run into one.
_JOINED = (("rn", "m"), ("vv", "w"))


def fold(norm: str) -> str:
    """Write each character of a normalised text as the first of its class, so that texts that look alike are equal."""
    return norm.translate(_FOLD)


def look_alike(norm: str, other: str) -> bool:
    """Say whether two normalised texts differ in nothing but what readers confuse."""
    return _blur(norm) == _blur(other)


def _blur(norm: str) -> str:
    for pair, letter in _JOINED:
        norm = norm.replace(pair, letter)
    return fold(norm)
