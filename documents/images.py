"""Turn image files of any kind into plain 8-bit RGB pages, and pages into what is stored and sent.

Errors raised here are fragments, "<what was found>; <what to do>": `documents.load` puts the document's name before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import (
    BmpImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from documents.limits import Limits
from schemas.errors import UnreadableDocumentError

# What a file begins with, and who reads it. The readers are called directly, and not through Image.open, because that
# judges the pixel count by a process-wide setting and warns about it; here the caller's limit holds.
_READERS: dict[bytes, type[ImageFile.ImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
    b"II*\0": TiffImagePlugin.TiffImageFile,
    b"MM\0*": TiffImagePlugin.TiffImageFile,
}
# White of a number format without a fixed range, the smallest that holds the brightest pixel: 0 to 1, 8, 16, 32 bits.
_WHITES = (1.0, 255.0, 65535.0, 4294967295.0)


def is_image(data: bytes) -> bool:
    """Tell whether a file begins like one that `read_images` reads."""
    return any(data.startswith(signature) for signature in _READERS)


def read_images(data: bytes, limits: Limits) -> Iterator[Image.Image | UnreadableDocumentError]:
    """Yield each page of an image file, normalised; of several pages, for one that can't be read why.

    Only a TIFF can have several pages, an animation is its first frame. A page that is damaged, cut off or beyond the
    limits, which is told before pixels are decoded, costs that page. Raises UnreadableDocumentError where it is the
    only one, and for another format, a damaged file, and one of too many pages.
    """
    with _damage_told():
        image = _open(data)
        count = image.n_frames if isinstance(image, TiffImagePlugin.TiffImageFile) else 1
        limits.check_pages(count)
    for index in range(count):
        try:
            with _damage_told():
                page = _read_page(image, index, limits)
        except UnreadableDocumentError as error:
            if count == 1:
                raise
            yield UnreadableDocumentError(f"page {index + 1}: {error}")
        else:
            yield page


def _read_page(image: ImageFile.ImageFile, index: int, limits: Limits) -> Image.Image:
    image.seek(index)
    limits.check_pixels(*image.size)
    return normalise(image)


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except UnreadableDocumentError:
        raise
    except Image.DecompressionBombError as error:  # the WebP reader checks by itself, before it allocates
        raise UnreadableDocumentError("it has too many pixels; scan it at a lower resolution") from error
    # On damaged files the decoders raise nearly anything: SyntaxError, KeyError, struct.error.
    except Exception as error:
        raise UnreadableDocumentError(f"the image is damaged or cut off ({error}); export the scan again") from error


def normalise(image: Image.Image) -> Image.Image:
    """Return the image upright, on white paper, as 8-bit RGB without metadata."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        image = _to_grey(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    image = image.convert("RGB")
    image.info = {}  # the PNG writer would pass on a colour profile that no longer fits
    return image


def to_png(image: Image.Image) -> bytes:
    """Encode losslessly; level 1 is several times faster than the default and costs a few per cent of size."""
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def from_png(png: bytes) -> Image.Image:
    """Decode a page image that `to_png` made."""
    image = PngImagePlugin.PngImageFile(BytesIO(png))
    image.load()
    return image


def make_payload(png: bytes, max_side_px: int, jpeg_quality: int) -> bytes:
    """Return the page as a JPEG for a chat model, its longer side at most `max_side_px`; it is never enlarged."""
    image = from_png(png)
    image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=jpeg_quality, optimize=True)
    return buffer.getvalue()


def _open(data: bytes) -> ImageFile.ImageFile:
    for signature, reader in _READERS.items():
        if data.startswith(signature):
            return reader(BytesIO(data))
    raise UnreadableDocumentError("it is no PNG, JPEG, WebP, BMP, TIFF or PDF; convert it to one of these")


def _to_grey(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits, where Pillow's own conversion clips at 255."""
    short = image.mode.startswith("I;16")
    values = image.convert("I").convert("F") if short else image.convert("F")
    brightest = float(values.getextrema()[1])  # type: ignore[arg-type]  # one band: a pair of numbers
    white = 65535.0 if short else next((level for level in _WHITES if brightest <= level), brightest)
    grey = values.point(lambda value: value * (255 / white) + 0.5).convert("L")
    grey.info = {}  # a transparent colour was given in 16 bits
    return grey
