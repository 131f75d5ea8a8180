"""Charts as inline SVG. Positions are in percent: a chart takes any width, text keeps its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log

from codeeval.scoring.estimate import Estimate

__all__ = [
    "axis",
    "curve",
    "curve_axis",
    "difference_axis",
    "difference_row",
    "forest_row",
    "k_of",
    "meter",
    "profile",
    "stacked_bar",
]

TICKS = (0, 25, 50, 75, 100)


def forest_row(estimate: Estimate, css_class: str) -> str:
    """Return one row of a chart of intervals: a dot at the value, a line from low to high."""
    marks = "".join(f'<line class="grid" x1="{tick}%" x2="{tick}%" y2="28"/>' for tick in TICKS)
    value = 100 * estimate.value
    if estimate.low is not None and estimate.high is not None:
        low, high = 100 * estimate.low, 100 * estimate.high
        marks += f'<line class="whisker" x1="{low:.2f}%" x2="{high:.2f}%" y1="14" y2="14"/>'
        for end in (low, high):
            marks += f'<line class="whisker" x1="{end:.2f}%" x2="{end:.2f}%" y1="9" y2="19"/>'
    marks += f'<circle cx="{value:.2f}%" cy="14" r="5"/>'
    return f'<svg class="forest {css_class}" height="28" aria-hidden="true">{marks}</svg>'


def axis() -> str:
    """Return the axis below rows of :func:`forest_row`."""
    marks = "".join(
        f'<text x="{tick}%" y="13" text-anchor="middle">{tick}</text>' for tick in TICKS
    )
    return f'<svg class="axis" height="18" aria-hidden="true">{marks}</svg>'


def difference_row(value: float, low: float | None, high: float | None, reach: float) -> str:
    """Return one row of a chart of differences: 0 is in the middle, ``reach`` at either end."""

    def place(difference: float) -> str:
        return f"{50 + 40 * difference / reach:.2f}%"

    marks = '<line class="grid zero" x1="50%" x2="50%" y2="28"/>'
    if low is not None and high is not None:
        marks += (
            f'<line class="whisker" x1="{place(low)}" x2="{place(high)}" y1="14" y2="14"/>'
            + "".join(
                f'<line class="whisker" x1="{place(end)}" x2="{place(end)}" y1="9" y2="19"/>'
                for end in (low, high)
            )
        )
    marks += f'<circle cx="{place(value)}" cy="14" r="5"/>'
    return f'<svg class="forest c1" height="28" aria-hidden="true">{marks}</svg>'


def difference_axis(reach: float) -> str:
    """Return the axis below rows of :func:`difference_row`, in points of percent."""
    marks = "".join(
        f'<text x="{50 + 40 * side}%" y="13" text-anchor="middle">{100 * side * reach:+.1f}</text>'
        if side
        else '<text x="50%" y="13" text-anchor="middle">0</text>'
        for side in (-1, 0, 1)
    )
    return f'<svg class="axis" height="18" aria-hidden="true">{marks}</svg>'


def meter(share: float, css_class: str) -> str:
    """Return a thin bar of which ``share`` (0 to 1) is filled."""
    return (
        f'<svg class="meter {css_class}" height="6" aria-hidden="true">'
        f'<rect class="rest" width="100%" height="6" rx="3"/>'
        f'<rect width="{100 * share:.2f}%" height="6" rx="3"/></svg>'
    )


def stacked_bar(counts: Mapping[str, int], label: str) -> str:
    """Return one bar that is divided by ``counts``; the class of a part is ``s-<key>``."""
    total, left, parts = sum(counts.values()), 0.0, ""
    for key, count in counts.items():
        width = 100 * count / total
        parts += f'<rect class="s-{escape(key)}" x="{left:.3f}%" width="{width:.3f}%" height="30"/>'
        left += width
    return f'<svg class="stack" height="30" role="img" aria-label="{escape(label)}">{parts}</svg>'


def curve(series: Sequence[tuple[str, Sequence[Estimate]]], label: str) -> str:
    """Return a chart of each series of estimates over k, with the bands of their intervals.

    The scale of k is logarithmic.
    """
    shapes = ""
    for css_class, estimates in series:
        ks = [k_of(each) for each in estimates]
        places = [(10 * along(k, ks[-1]), each) for k, each in zip(ks, estimates, strict=True)]
        line = "L".join(f"{x:.1f} {_y(each.value)}" for x, each in places)
        bounded = [(x, each.low, each.high) for x, each in places]
        upper = [f"{x:.1f} {_y(high)}" for x, _, high in bounded if high is not None]
        lower = [f"{x:.1f} {_y(low)}" for x, low, _ in reversed(bounded) if low is not None]
        if upper and lower:
            shapes += f'<path class="area {css_class}" d="M{"L".join([*upper, *lower])}Z"/>'
        shapes += f'<path class="line {css_class}" d="M{line}"/>'
    grid = "".join(f'<path class="grid" d="M0 {_y(tick / 100)}H1000"/>' for tick in TICKS)
    return (
        '<svg class="profile" viewBox="0 0 1000 100" preserveAspectRatio="none" height="200" '
        f'role="img" aria-label="{escape(label)}">{grid}{shapes}</svg>'
    )


def curve_axis(ks: Sequence[int]) -> str:
    """Return the axis below a :func:`curve`, with as many of the k as have room."""
    marks, free = "", 0.0
    for k in ks:
        place = along(k, ks[-1])
        if k != ks[-1] and (place < free or place > 93):
            continue
        side = "start" if k == 1 else "end" if k == ks[-1] else "middle"
        marks += f'<text x="{place:.2f}%" y="13" text-anchor="{side}">{k}</text>'
        free = place + 6
    return f'<svg class="axis" height="18" aria-hidden="true">{marks}</svg>'


def along(k: int, most: int) -> float:
    """Return where k lies on a logarithmic scale from 1 to ``most``, in percent."""
    return 100 * log(k) / log(most)


def k_of(estimate: Estimate) -> int:
    """Return the k of a metric such as ``pass@10``."""
    return int(estimate.metric.rpartition("@")[2])


def profile(series: Sequence[tuple[str, Sequence[float]]], label: str) -> str:
    """Return a chart of each series of shares, sorted from 1 down to 0, as a falling staircase.

    A series comes with the class that gives it its colour.
    How far a stair reaches to the right is the share of problems that are solved at least so often.
    """
    paths = ""
    for css_class, shares in series:
        falling = sorted(shares, reverse=True)
        stairs = [f"M0 {_y(falling[0])}"]
        for place, share in enumerate(falling, 1):
            here, following = _y(share), falling[place] if place < len(falling) else None
            if following != share:
                stairs.append(f"H{1000 * place / len(falling):.1f}")
                stairs.append(f"V{_y(following)}" if following is not None else f"V{here}")
        line = "".join(stairs)
        paths += f'<path class="area {css_class}" d="{line}V100H0Z"/>'
        paths += f'<path class="line {css_class}" d="{line}"/>'
    grid = "".join(f'<path class="grid" d="M0 {_y(tick / 100)}H1000"/>' for tick in TICKS)
    return (
        '<svg class="profile" viewBox="0 0 1000 100" preserveAspectRatio="none" height="150" '
        f'role="img" aria-label="{escape(label)}">{grid}{paths}</svg>'
    )


def _y(share: float) -> str:
    return f"{100 * (1 - share):.1f}"
