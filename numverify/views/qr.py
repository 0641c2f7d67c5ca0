"""A QR code as inline SVG, if segno is installed (the extra ``qr``)."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString

segno: Any
try:
    import segno
except ImportError:  # the page then shows the link alone
    segno = None


def svg(url: str) -> SafeString:
    """SVG of ``url``, or ``""``; without inline style, as a strict CSP demands."""
    if not url or segno is None:
        return SafeString("")
    code = segno.make(url, error="m", micro=False)
    # Safe: made by segno from our own URL; no user text is in it.
    return SafeString(
        code.svg_inline(scale=5, border=2, svgclass="nv-qr", lineclass=None, omitsize=True)
    )
