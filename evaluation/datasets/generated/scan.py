"""What copying, faxing and scanning do to a page: skew, black and white, wear, dirt, edges."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from evaluation.datasets.generated.sheet import HEIGHT, SCALE, Box, Item

Pixels = NDArray[Any]
# Grey from which on there is no ink near.
_PAPER = 245


def scan(image: Image.Image, items: list[Item], chance: Random) -> tuple[Image.Image, list[Item]]:
    """Return the page as it comes from a scanner, 1,000 px high, and its items where they are then."""
    noise = np.random.default_rng(chance.getrandbits(64))
    # Most pages are laid straight to within half a degree.
    degrees = max(-1.5, min(chance.gauss(0, 0.35), 1.5))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    center = image.width / SCALE / 2, HEIGHT / 2
    moved = [replace(item, words=[(text, _turn(box, degrees, center)) for text, box in item.words]) for item in items]
    pixels = _black_and_white(turned, chance, noise)
    _wear(pixels, chance, noise)
    _dirty(pixels, chance, noise)
    _darken_edges(pixels, chance)
    size = round(image.width / SCALE), HEIGHT
    grey = Image.fromarray(pixels).resize(
        size, chance.choice([Image.Resampling.BOX, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR])
    )
    if chance.random() < 0.3:
        grey = grey.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 0.6)))
    return grey, moved


def _turn(box: Box, degrees: float, center: tuple[float, float]) -> Box:
    """Turn a box counter-clockwise, as Pillow turns images; the result lies round the turned one."""
    angle = np.deg2rad(degrees)
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - center
    turned = corners @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) + center
    left, top = turned.min(axis=0).tolist()
    right, bottom = turned.max(axis=0).tolist()
    return left, top, right, bottom


def _black_and_white(image: Image.Image, chance: Random, noise: np.random.Generator) -> Pixels:
    """Threshold: what is blurred and uneven before gets ragged, thin or thick letters."""
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1.3))), np.float32)
    threshold = chance.triangular(110, 215, 165)
    grain = chance.choice([8, 15, 25, 40])
    uneven = chance.choice([0, 0, 15, 35])
    coarse = Image.fromarray(noise.normal(0, 1, (9, 7)).astype(np.float32)).resize(image.size, Image.Resampling.BICUBIC)
    change = grain * noise.standard_normal(soft.shape, np.float32) + uneven * np.asarray(coarse)
    # Paper stays white, whatever the grain: it only frays the edges of the ink.
    return np.where(np.where(soft < _PAPER, soft + change, soft) > threshold, np.uint8(255), np.uint8(0))


def _wear(pixels: Pixels, chance: Random, noise: np.random.Generator) -> None:
    """Drop ink at some places and lines that a fax lost."""
    if chance.random() < 0.3:
        share = chance.choice([0.02, 0.05, 0.12])
        pixels[noise.random(pixels.shape, np.float32) < share] = 255
    if chance.random() < 0.12:
        for _ in range(chance.randint(1, 8)):
            row = chance.randrange(pixels.shape[0])
            pixels[row : row + chance.choice([1, 1, 2, 3])] = 255
    if chance.random() < 0.08:
        for _ in range(chance.randint(1, 2)):
            column = chance.randrange(pixels.shape[1])
            pixels[:, column : column + chance.choice([1, 2])] = 0


def _dirty(pixels: Pixels, chance: Random, noise: np.random.Generator) -> None:
    """Scatter specks and, on some pages, a cloud of them; punch holes."""
    height, width = pixels.shape
    for _ in range(chance.choice([0, 20, 60, 150, 500])):
        size = chance.choice([1, 1, 2, 2, 3, 4])
        row, column = chance.randrange(height), chance.randrange(width)
        pixels[row : row + size, column : column + chance.choice([1, 2, 3])] = 0
    if chance.random() < 0.15:
        row, column = chance.choice([0, height - 200]), chance.randrange(width // 2)
        cloud = pixels[row : row + 160, column : column + 700]
        cloud[noise.random(cloud.shape) < chance.uniform(0.02, 0.15)] = 0
    if chance.random() < 0.12:
        radius, column = chance.randint(12, 20), chance.choice([40, 60, 80])
        rows, columns = np.ogrid[:height, :width]
        for share in (0.15, 0.5, 0.85):
            pixels[(rows - share * height) ** 2 + (columns - column) ** 2 < radius**2] = 0


def _darken_edges(pixels: Pixels, chance: Random) -> None:
    """Leave the black of the copier's lid along an edge."""
    height, width = pixels.shape
    if chance.random() < 0.2:
        pixels[:, width - chance.randint(2, 12) :] = 0
    if chance.random() < 0.12:
        pixels[height - chance.randint(4, 40) :] = 0
    if chance.random() < 0.08:
        pixels[:, : chance.randint(2, 10)] = 0
