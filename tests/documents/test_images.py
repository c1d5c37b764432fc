"""Image files of every kind become upright 8-bit RGB pages."""

import warnings
from io import BytesIO
from zlib import crc32

import pytest
from PIL import Image

from documents.images import from_png, make_payload, normalise, read_images, to_png
from documents.limits import Limits
from schemas.errors import UnreadableDocumentError

DEFAULT = Limits()
RED, WHITE = (255, 0, 0), (255, 255, 255)


def decode(data, limits=DEFAULT):
    """Read every page."""
    return list(read_images(data, limits))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "BMP", "TIFF"])
def test_lossless_formats_keep_their_pixels(encode, file_format):
    """Each accepted format is told by its content and decoded exactly."""
    image = Image.effect_noise((40, 30), 80).convert("RGB")
    [page] = decode(encode(image, file_format, **({"lossless": True} if file_format == "WEBP" else {})))
    assert page.mode == "RGB"
    assert page.tobytes() == image.tobytes()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "group4"])
def test_black_and_white_tiff(encode, compression):
    """1-bit scans, fax compression included, become black and white RGB."""
    image = Image.new("1", (64, 64), 1)
    image.paste(0, (0, 0, 32, 64))
    [page] = decode(encode(image, "TIFF", compression=compression))
    assert (page.getpixel((1, 1)), page.getpixel((60, 1))) == ((0, 0, 0), WHITE)


def test_jpeg_modes(encode):
    """Grey and CMYK JPEGs become RGB of the same look."""
    [grey] = decode(encode(Image.new("L", (16, 16), 100), "JPEG"))
    assert grey.getpixel((8, 8)) == (100, 100, 100)
    [ink] = decode(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100))
    assert ink.getpixel((8, 8)) == pytest.approx(RED, abs=3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_becomes_white_paper(mode):
    """Transparent pixels are white, not black, and half-transparent black is grey."""
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    page = normalise(image.convert(mode))
    assert [page.getpixel((x, 0)) for x in (0, 1)] == [WHITE, (0, 0, 0)]
    assert normalise(Image.new("RGBA", (1, 1), (0, 0, 0, 128))).getpixel((0, 0)) == (127, 127, 127)


def test_palette_transparency_becomes_white_paper(encode):
    """A palette's transparent colour counts as paper, whatever colour it stands for."""
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 0), 1)
    [page] = decode(encode(image, "PNG", transparency=0))
    assert [page.getpixel((x, 0)) for x in (0, 1)] == [WHITE, RED]


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_deep_grey_is_scaled_not_clipped(mode):
    """16 bits become 8 by scale: half of white stays half of white."""
    image = Image.new("I", (3, 1))
    for x, value in enumerate((0, 32768, 65535)):
        image.putpixel((x, 0), value)
    page = normalise(image.convert("I;16").convert(mode) if mode != "I;16B" else _big_endian(image))
    assert [page.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]


def _big_endian(image):
    values = [image.getpixel((x, 0)) for x in range(image.width)]
    return Image.frombytes("I;16B", image.size, b"".join(value.to_bytes(2, "big") for value in values))


def test_dark_16_bit_scan_stays_dark():
    """The scale of 16-bit grey is the format's, not the page's brightest pixel."""
    assert normalise(Image.new("I;16", (1, 1), 25700)).getpixel((0, 0)) == (100, 100, 100)


def test_16_bit_transparent_colour_is_ignored(encode):
    """A colour key beyond 8 bits can't be told from its neighbours any more, so all pixels stay."""
    [page] = decode(encode(Image.new("I;16", (2, 1), 25700), "PNG", transparency=25700))
    assert page.getpixel((0, 0)) == (100, 100, 100)


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_float_grey_takes_the_smallest_usual_range(white):
    """Floats from 0 to 1, 255 or 65535 all give white for their largest value."""
    image = Image.new("F", (2, 1), white)
    image.putpixel((0, 0), white / 2)
    page = normalise(image)
    assert [page.getpixel((x, 0))[0] for x in (0, 1)] == [128, 255]


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(encode, file_format):
    """A photo that says it lies on its side is turned upright, once."""
    image = Image.new("RGB", (40, 20), "white")
    image.paste(RED, (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to view
    [page] = decode(encode(image, file_format, exif=exif))
    assert page.size == (20, 40)
    assert page.getpixel((10, 3)) == pytest.approx(RED, abs=40)
    assert page.getpixel((10, 35)) == pytest.approx(WHITE, abs=40)
    assert page.getexif().get(0x0112) is None


def test_tiff_gives_all_pages_and_animations_one(encode):
    """Pages of a TIFF may differ in size and mode; frames of a WebP or PNG are no pages."""
    frames = [Image.new("RGB", (8, 8), "red"), Image.new("L", (9, 5), 7), Image.new("1", (4, 4), 1)]
    pages = decode(encode(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert [page.size for page in pages] == [(8, 8), (9, 5), (4, 4)]
    assert [page.getpixel((0, 0)) for page in pages] == [RED, (7, 7, 7), WHITE]
    for file_format in ("WEBP", "PNG"):
        moving = encode(frames[0], file_format, save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")])
        [page] = decode(moving)
        assert page.getpixel((0, 0)) == pytest.approx(RED, abs=5)


def test_limits_hold_before_decoding(encode):
    """Too many pixels on a page, and too many pages, are refused from the headers."""
    tiff = encode(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (20, 20))])
    _, large = decode(tiff, Limits(max_pixels=100))
    assert "page 2: a page of 20 x 20 pixels is beyond the allowed 100 pixels; scan it at a" in str(large)
    with pytest.raises(UnreadableDocumentError, match="20 x 20 pixels is beyond the allowed 100 pixels"):
        decode(encode(Image.new("L", (20, 20)), "TIFF"), Limits(max_pixels=100))
    with pytest.raises(UnreadableDocumentError, match="it has 2 pages, more than the allowed 1; split it"):
        decode(tiff, Limits(max_pages=1))


@pytest.mark.parametrize(("file_format", "side"), [("PNG", 20_000), ("WEBP", 16_383)])
def test_decompression_bomb_is_refused_without_a_warning(encode, file_format, side):
    """A header that claims hundreds of megapixels costs nothing, and Pillow's own alarm stays inside."""
    data = bytearray(
        encode(Image.new("L", (1, 1)), file_format, **({"lossless": True} if file_format == "WEBP" else {}))
    )
    if file_format == "PNG":
        data[16:24] = side.to_bytes(4, "big") * 2
        data[29:33] = crc32(data[12:29]).to_bytes(4, "big")
    else:  # VP8L: 14 bits of width - 1, 14 bits of height - 1
        data[21:25] = ((side - 1) | (side - 1) << 14 | (data[24] & 0xF0) << 24).to_bytes(4, "little")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnreadableDocumentError, match="pixels; scan it at a lower resolution"):
            decode(bytes(data))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_files_are_errors(encode, file_format, share):
    """Half a file is refused; the missing half is never filled with grey."""
    data = encode(Image.effect_noise((200, 200), 80), file_format)
    with pytest.raises(UnreadableDocumentError, match="damaged or cut off"):
        decode(data[: int(len(data) * share)])


def test_other_formats_are_refused_by_content(encode):
    """Text and formats that are no scans are named as such."""
    for data in (b"Dear Sir or Madam", encode(Image.new("L", (4, 4)), "GIF")):
        with pytest.raises(UnreadableDocumentError, match="it is no PNG, JPEG, WebP, BMP, TIFF or PDF; convert it"):
            decode(data)


def test_page_png_is_exact_and_bare(encode):
    """Colour profile and resolution stay behind; pixels don't change."""
    image = Image.effect_noise((30, 20), 80).convert("RGB")
    [page] = decode(encode(image, "PNG", icc_profile=b"profile", dpi=(300, 300)))
    png = to_png(page)
    assert from_png(png).tobytes() == image.tobytes()
    assert Image.open(BytesIO(png)).info == {}


def test_payload_is_scaled_down_and_never_up():
    """The longer side is at most what was asked for, the shape stays, and a small page stays as it is."""
    png = to_png(Image.new("RGB", (400, 1000), "white"))
    small = Image.open(BytesIO(make_payload(png, 500, 80)))
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (200, 500))
    assert Image.open(BytesIO(make_payload(png, 2000, 80))).size == (400, 1000)
    noise = to_png(Image.effect_noise((100, 100), 80).convert("RGB"))
    assert len(make_payload(noise, 100, 30)) < len(make_payload(noise, 100, 90))
