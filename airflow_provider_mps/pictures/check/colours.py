"""Whether colours are the same in another light.

The light of a scene is one factor for each of red, green and blue, which may be far from 1 together, as in the evening,
but not far from each other: no light makes a red cup blue. It is warmer or colder, from the red of a candle to the blue
of the shade, as what glows is, and hardly ever green or magenta. It may be stronger on one side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

# Added to each value, of 255: the ratio of two dark values says nothing.
_FLOOR = 12.0
# How far the light may be from white, as logarithms: red against blue, and green against both.
_WARMTH, _GREEN = 0.26, 0.09
_EXPOSURE = (0.4, 2.0)
_SLOPE = 0.5
# Brightness counts less than colour: shadows and reflections are the scene's.
_BRIGHTNESS = 0.45
_SAMPLE = 3


def differences(here: Pixels, there: Pixels, seen: Pixels, same: Pixels) -> Pixels:
    """Return how much colours differ once the light was taken into account, in units of CIELAB.

    :param here: RGB bytes of the product
    :param there: RGB bytes of what is in its place
    :param seen: where the product is
    :param same: where both show the same, by which the light is judged if that is enough
    """
    import cv2
    import numpy as np

    ours, theirs = (cv2.GaussianBlur(one, (5, 5), 0).astype(np.float32) for one in (here, there))
    judged = same if same.sum() > 0.2 * seen.sum() else seen
    light = _light(ours, theirs, judged)
    expected = np.clip((ours + _FLOOR) * light - _FLOOR, 0, 255)
    one, other = (
        cv2.cvtColor(part / np.float32(255), cv2.COLOR_RGB2LAB) for part in (expected.astype(np.float32), theirs)
    )
    off = one - other
    off[..., 0] *= _BRIGHTNESS
    return np.asarray(np.linalg.norm(off, axis=-1))


def _light(ours: Pixels, theirs: Pixels, judged: Pixels) -> Pixels:
    """Return the factors of a light that explains the most, within what light can be: for each pixel and channel."""
    import numpy as np

    height, width = judged.shape
    y, x = np.nonzero(judged)
    y, x = y[::_SAMPLE], x[::_SAMPLE]
    ratios = np.log((theirs[y, x] + _FLOOR) / (ours[y, x] + _FLOOR))
    across, down = x / max(1, width - 1) - 0.5, y / max(1, height - 1) - 0.5
    gains = np.median(ratios, axis=0)
    rest = (ratios - gains).mean(axis=1)
    # A slope is fitted to what is not far off, so that what is something else does not bend it.
    near = np.abs(rest) < 0.35
    slopes = np.zeros(3)
    if near.sum() > 50:
        terms = np.stack([across[near], down[near], np.ones(int(near.sum()))], axis=1)
        slopes, *_ = np.linalg.lstsq(terms, rest[near], rcond=None)
        slopes = np.clip(slopes, -_SLOPE, _SLOPE)
    gains = np.median(ratios - (across * slopes[0] + down * slopes[1])[:, None], axis=0)
    exposure = float(np.clip(gains.mean(), np.log(_EXPOSURE[0]), np.log(_EXPOSURE[1])))
    red, green, blue = gains
    warmth = float(np.clip((red - blue) / 2, -_WARMTH, _WARMTH))
    tint = float(np.clip(green - (red + blue) / 2, -_GREEN, _GREEN))
    gains = exposure + np.array([warmth - tint / 3, 2 * tint / 3, -warmth - tint / 3])
    columns, rows = np.arange(width) / max(1, width - 1) - 0.5, np.arange(height) / max(1, height - 1) - 0.5
    plane = columns[None, :] * slopes[0] + rows[:, None] * slopes[1]
    return np.asarray(np.exp(plane[..., None] + gains), np.float32)
