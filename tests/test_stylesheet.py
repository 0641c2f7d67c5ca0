"""WCAG 2.2 contrast of the colours, in light and dark."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

INKS_ON_PAPER = ("ink", "soft", "accent", "accent-hover", "yes", "no", "warn")
TEXT_PAIRS = [
    *((ink, "paper", 4.5) for ink in INKS_ON_PAPER),
    ("ink", "ground", 4.5),
    ("soft", "ground", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-hover", 4.5),
    ("ink", "tint", 4.5),
    ("accent", "tint", 4.5),
    ("ink", "no-tint", 4.5),
    ("no", "no-tint", 4.5),
    ("ink", "warn-tint", 4.5),
    ("warn", "warn-tint", 4.5),
    ("edge", "paper", 3.0),  # WCAG 2.2, 1.4.11: borders that make out a field
]


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _schemes() -> list[dict[str, str]]:
    path = finders.find("numverify/numverify.css")
    assert path
    blocks = re.split(r"@media \(prefers-color-scheme: dark\)", Path(path).read_text())
    return [dict(re.findall(r"--nv-([a-z-]+): (#[0-9a-f]{6});", block)) for block in blocks]


@pytest.mark.parametrize(("front", "back", "least"), TEXT_PAIRS)
def test_contrast_in_light_and_dark(front: str, back: str, least: float) -> None:
    light, dark = _schemes()
    for scheme in (light, dark):
        levels = sorted((_luminance(scheme[front]), _luminance(scheme[back])), reverse=True)
        ((high, low),) = pairwise(levels)
        assert (high + 0.05) / (low + 0.05) >= least
