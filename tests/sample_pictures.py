"""Pictures of all kinds: over 300 JPEG and PNG files, with the metadata that cameras and editors leave in them."""

from __future__ import annotations

import io
import itertools
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
_DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
TITLE = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tasse &amp; 杯</rdf:li></rdf:Alt></dc:title>'
DIGITAL_CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def packet(inner: str, about: str = 'rdf:about=""', padding: int = 0) -> bytes:
    """An XMP packet as Adobe's programs write it."""
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">\n <rdf:RDF {_RDF}>\n'
        f"  <rdf:Description {about} {_DC}>{inner}</rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
        f'{" " * padding}\n<?xpacket end="w"?>'
    )
    return text.encode()


PACKETS = {
    "titled": packet(TITLE, padding=2000),
    "of a camera": packet(
        f'<dc:format>image/jpeg</dc:format><e:DigitalSourceType xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"{DIGITAL_CAPTURE}</e:DigitalSourceType>",
        about='rdf:about="uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"',
    ),
    "attributes": (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<r:Description r:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="a \'tool\' &gt; b" '
        f'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" i:DigitalSourceType="{DIGITAL_CAPTURE}"/>'
        "</r:RDF></x:xmpmeta>"
    ).encode(),
    "empty": f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_RDF}/></x:xmpmeta>'.encode(),
}


def scene(mode: str = "RGB", size: tuple[int, int] = (96, 72), seed: int = 0) -> Image.Image:
    """A picture with edges and noise, so that no two encodings of it are alike by chance."""
    noise = random.Random(seed).randbytes(size[0] * size[1])
    grey = Image.frombytes("L", size, noise).resize(size)
    made = Image.merge(
        "RGB", (grey, Image.linear_gradient("L").resize(size), grey.transpose(Image.Transpose.ROTATE_180))
    )
    if mode == "I;16":
        return Image.frombytes("I;16", size, random.Random(seed).randbytes(2 * size[0] * size[1]))
    if mode in ("LA", "RGBA"):
        made = made.convert(mode)
        made.putalpha(Image.linear_gradient("L").resize(size))
        return made
    return made.convert(mode)


def exif(thumbnail: bool = False, orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x010F], made[0x0110], made[0x0112] = "Maker", "Model", orientation
    made.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    data = made.tobytes()
    if not thumbnail:
        return data
    small = io.BytesIO()
    scene(size=(32, 24)).save(small, "JPEG")
    return _with_thumbnail(data, small.getvalue())


def _with_thumbnail(data: bytes, small: bytes) -> bytes:
    """EXIF with a second directory that holds a JPEG, as cameras write it: it begins and ends as a file does."""
    head, tiff = data[:6], bytearray(data[6:])
    order = "<" if tiff[:2] == b"II" else ">"
    first = struct.unpack_from(f"{order}I", tiff, 4)[0]
    count = struct.unpack_from(f"{order}H", tiff, first)[0]
    place = len(tiff) + len(tiff) % 2
    tiff += b"\0" * (place - len(tiff))
    struct.pack_into(f"{order}I", tiff, first + 2 + 12 * count, place)
    at = place + 2 + 12 * 2 + 4
    directory = struct.pack(f"{order}H", 2) + struct.pack(f"{order}HHII", 0x0201, 4, 1, at)
    directory += struct.pack(f"{order}HHII", 0x0202, 4, 1, len(small)) + struct.pack(f"{order}I", 0)
    return head + bytes(tiff) + directory + small


def jpeg(mode: str = "RGB", *, seed: int = 0, xmp: bytes | None = None, **how: Any) -> bytes:
    """A JPEG; ``xmp`` goes into a segment of its own behind the first."""
    buffer = io.BytesIO()
    scene(mode, seed=seed).save(buffer, "JPEG", **how)
    data = buffer.getvalue()
    return data if xmp is None else with_segment(data, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)


def with_segment(data: bytes, marker: int, payload: bytes, *, last: bool = False) -> bytes:
    """A JPEG with one more segment: behind its first one, or right before its tables."""
    at = 2
    while data[at + 1] in (0xE0, 0xE1) or (last and data[at + 1] in (*range(0xE0, 0xF0), 0xFE)):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not last:
            break
    segment = bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload
    return data[:at] + segment + data[at:]


def multi_picture(xmp: bytes | None = None) -> bytes:
    """A JPEG of two pictures, as telephones make them."""
    buffer = io.BytesIO()
    scene(seed=1).save(buffer, "MPO", save_all=True, append_images=[scene(seed=2)], exif=exif())
    data = buffer.getvalue()
    if xmp is None:
        return data
    made = bytearray(with_segment(data, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp, last=True))
    # Behind the index: the second picture is further from it, and the first is larger.
    index, grown = made.index(b"MPF\0") + 4, len(made) - len(data)
    entries = made.index(b"0100", index) + 4 + 2 * 12 + 4
    for at in (entries + 4, entries + 16 + 8):
        struct.pack_into("<I", made, at, struct.unpack_from("<I", made, at)[0] + grown)
    return bytes(made)


def png(mode: str = "RGB", *, seed: int = 0, xmp: bytes | None = None, packed: bool = False, **how: Any) -> bytes:
    buffer, info = io.BytesIO(), PngInfo()
    info.add_text("Author", "someone")
    if xmp is not None:
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=packed)
    scene(mode, seed=seed).save(buffer, "PNG", pnginfo=info, **how)
    return buffer.getvalue()


def raw_png(depth: int, *, interlaced: bool, size: tuple[int, int] = (24, 20), seed: int = 0) -> bytes:
    """A PNG of colours of 8 or 16 bits, in one pass or in the seven of Adam7, which Pillow writes neither of."""
    width, height = size
    pixel = 3 * depth // 8
    noise = random.Random(seed).randbytes(width * height * pixel)
    rows = [[noise[(y * width + x) * pixel :][:pixel] for x in range(width)] for y in range(height)]
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    body = b""
    for x, y, across, down in passes if interlaced else ((0, 0, 1, 1),):
        for row in rows[y::down]:
            body += b"\0" + b"".join(row[x::across]) if row[x::across] else b""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, int(interlaced))
    chunks = ((b"IHDR", head), (b"tEXt", b"Author\0someone"), (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    made = (
        struct.pack(">I", len(said)) + name + said + struct.pack(">I", zlib.crc32(name + said)) for name, said in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def animated() -> bytes:
    buffer = io.BytesIO()
    scene(seed=1).save(buffer, "PNG", save_all=True, append_images=[scene(seed=2)], duration=100)
    return buffer.getvalue()


def _jpegs() -> Iterator[tuple[str, bytes]]:
    kinds = itertools.product(
        ("RGB", "L", "CMYK"), (False, True), ("", "exif", "thumbnail"), ("", "icc"), (None, *PACKETS)
    )
    for number, (mode, progressive, exif_kind, icc, xmp) in enumerate(kinds):
        how: dict[str, Any] = {"progressive": progressive, "quality": 60 + number % 40}
        if exif_kind:
            how["exif"] = exif(exif_kind == "thumbnail", 1 + number % 8)
        if icc:
            how["icc_profile"] = ICC
        name = f"{mode} {'progressive' * progressive} {exif_kind} {icc} {xmp or ''}"
        yield name, jpeg(mode, seed=number, xmp=None if xmp is None else PACKETS[xmp], **how)
    yield "restart markers", jpeg(restart_marker_blocks=1)
    yield "comment", jpeg(comment="made by someone")
    yield "thinned out", jpeg(subsampling=2, optimize=True)
    yield (
        "Photoshop",
        with_segment(jpeg(), 0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x05\0\x03cup"),
    )
    yield "something behind its end", jpeg(xmp=PACKETS["titled"]) + b"\0garbage\xff\xd9\xff\xd8" * 9
    yield "filled up", b"\xff\xd8\xff\xff\xff" + jpeg()[3:]
    yield "without JFIF", b"\xff\xd8" + jpeg()[20:]
    yield "several pictures", multi_picture()
    yield "several pictures, and XMP behind their index", multi_picture(PACKETS["titled"])
    yield (
        "extended XMP",
        with_segment(
            jpeg(xmp=PACKETS["titled"]), 0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + b"\0" * 8 + b"rest"
        ),
    )


def _pngs() -> Iterator[tuple[str, bytes]]:
    kinds = itertools.product(("1", "L", "LA", "RGB", "RGBA", "P", "I;16"), ("", "icc"), ("", "exif"), (None, *PACKETS))
    for number, (mode, icc, exif_kind, xmp) in enumerate(kinds):
        how: dict[str, Any] = {"icc_profile": ICC} if icc else {}
        how |= {"exif": exif(orientation=1 + number % 8)} if exif_kind else {}
        said = None if xmp is None else PACKETS[xmp]
        yield f"{mode} {icc} {exif_kind} {xmp or ''}", png(mode, seed=number, xmp=said, packed=bool(number % 2), **how)
    for depth, interlaced in itertools.product((8, 16), (False, True)):
        yield f"{depth} bits{' interlaced' * interlaced}", raw_png(depth, interlaced=interlaced)
    yield "see-through colour", png("RGB", transparency=(0, 0, 0))
    yield "animated", animated()
    yield "something behind its end", png() + b"garbage"


def all_kinds() -> list[tuple[str, bytes]]:
    """All of them, each with what it is."""
    jpegs = [(f"{name}.jpg", data) for name, data in _jpegs()]
    return [*jpegs, *((f"{name}.png", data) for name, data in _pngs())]
