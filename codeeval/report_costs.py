"""The parts of the page about efficiency: how fast samples are, and what each costs by size."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log, log10

from codeeval.html_parts import table_head, text
from codeeval.report import Report
from codeeval.sandbox.verdict import Cost, Verdict

__all__ = ["costs_figure", "exponent", "values_figure"]

BARS = 20
"""Bars of a tenth each, from 0 to 2; what is above stands in the last one."""
WIDTH, HEIGHT, LEFT, BELOW = 360, 190, 54, 30


def values_figure(report: Report, column: str = "efficiency") -> str:
    """Return the distribution of e over all samples; nothing if the task does not measure."""
    if column not in report.values:
        return ""
    scores = [score for row in report.problems for score in row.values.get(column, ())]
    zero = sum(score == 0 for score in scores)
    counts = [0] * (BARS + 1)
    for score in scores:
        if score > 0:
            counts[min(BARS, floor(10 * score))] += 1
    most = max(*counts, 1)
    bars = "".join(
        f'<rect x="{1000 * place / (BARS + 1) + 2:.1f}" width="{1000 / (BARS + 1) - 4:.1f}" '
        f'y="{100 - 100 * count / most:.1f}" height="{100 * count / most:.1f}">'
        f"<title>{_range(place)}: {count:,}</title></rect>"
        for place, count in enumerate(counts)
    )
    at_one = 1000 * 10 / (BARS + 1)
    ticks = "".join(
        f'<text x="{100 * tick / (BARS + 1):.2f}%" y="13" text-anchor="middle">{tick / 10:g}</text>'
        for tick in (5, 10, 15, 20)
    )
    label = f"e of {len(scores):,} samples: {zero:,} are 0, the others up to {max(scores):.2f}"
    return (
        f'<figure class="plot"><figcaption>How fast the samples are: e, from 0 (as slow as the '
        f"limit allows) over 1 (the reference) to 2 and more. {zero:,} of {len(scores):,} samples "
        "are worth 0 and not drawn: wrong, or not finished.</figcaption>"
        f'<div class="plane"><p class="ys" aria-hidden="true"><span>{most:,}</span><span>0</span>'
        '</p><svg class="profile bars c2" viewBox="0 0 1000 100" preserveAspectRatio="none" '
        f'height="150" role="img" aria-label="{text(label)}">{bars}'
        f'<path class="line c3" d="M{at_one:.1f} 0V100"/></svg>'
        f'<div class="ks"><svg class="axis" height="18" aria-hidden="true">{ticks}</svg></div>'
        "</div></figure>"
    )


def _range(place: int) -> str:
    return f"{place / 10:.1f} to {(place + 1) / 10:.1f}" if place < BARS else "2 and more"


def costs_figure(verdict: Verdict) -> str:
    """Return what a sample costs at each size, beside the reference; nothing if unmeasured."""
    costs = [cost for result in verdict.results for cost in result.costs]
    if not costs:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{_name(cost)}</th><td class="r">{_cost(cost)}</td>'
        f'<td class="r">{_interval(cost)}</td>'
        f'<td class="r">{amount(cost, cost.reference_seconds)}</td>'
        f'<td class="r">{cost.repeats}</td><td class="r">{_memory(cost)}</td></tr>'
        for cost in costs
    )
    what = "Size" if costs[0].size else "Input"
    kind = "Instructions" if costs[0].clock.startswith("instructions") else "Cost"
    columns = (what, kind, "Interval", "Reference", "Repeats", "Memory, and the reference’s")
    head = table_head(*columns, right=range(1, 6))
    return (
        f'<div class="costs"><table>{head}<tbody>{lines}</tbody></table>{_plot(costs)}</div>'
        f'<p class="note">{_growth(costs)}</p>'
    )


def _name(cost: Cost) -> str:
    return f"{cost.size:,.0f}" if cost.size else f"{cost.level:,}"


def _memory(cost: Cost) -> str:
    if not cost.memory_bytes:
        return "–"
    own, reference = (each / 2**20 for each in (cost.memory_bytes, cost.reference_memory_bytes))
    return f"{own:.0f} and {reference:.0f}&nbsp;MiB"


def _cost(cost: Cost) -> str:
    return f"over {amount(cost, cost.seconds)}" if cost.censored else amount(cost, cost.seconds)


def _interval(cost: Cost) -> str:
    if cost.censored:
        return "not finished"
    return f"{amount(cost, cost.low)} – {amount(cost, cost.high)}"


def amount(cost: Cost, value: float) -> str:
    """Return a cost with three digits and its unit: a time, or millions of instructions."""
    if cost.clock.startswith("instructions"):
        return f"{value * 1000:.3g}&nbsp;M"
    return seconds(value)


def seconds(value: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g}&nbsp;{unit}"
    return f"{value / 1e-9:.3g}&nbsp;ns" if value else "0"


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """Return b of the cost ``a * size^b``, by least squares of the logs.

    Args:
        points: Sizes and costs; those that are not above 0 are left out.

    Returns:
        None for less than two different sizes.
    """
    logs = [(log(size), log(cost)) for size, cost in points if size > 0 and cost > 0]
    if len({size for size, _ in logs}) < 2:
        return None
    mean_size = sum(size for size, _ in logs) / len(logs)
    mean_cost = sum(cost for _, cost in logs) / len(logs)
    over = sum((size - mean_size) * (cost - mean_cost) for size, cost in logs)
    return over / sum((size - mean_size) ** 2 for size, _ in logs)


def _growth(costs: Sequence[Cost]) -> str:
    known = exponent([(cost.size, cost.seconds) for cost in costs if not cost.censored])
    reference = exponent([(cost.size, cost.reference_seconds) for cost in costs])
    if not costs[0].size:
        return "Each of these inputs is a test of its own; what counts is the sum of their costs."
    if reference is None:
        return "The sizes of the levels do not differ, so nothing is known of growth."
    if known is None:
        return f"The reference’s cost grows about as size to the power of {reference:.2f}."
    return (
        f"Its cost grows about as size to the power of {known:.2f}, the reference’s as size to the "
        f"power of {reference:.2f}."
    )


def _plot(costs: Sequence[Cost]) -> str:
    """Return cost against size, both on logarithmic scales, of the sample and the reference."""
    drawn = [cost for cost in costs if cost.size > 0 and cost.seconds > 0]
    if len({cost.size for cost in drawn}) < 2:
        return ""
    values = [each for cost in drawn for each in (cost.seconds, cost.reference_seconds) if each > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high += high == low
    first, last = log10(drawn[0].size), log10(drawn[-1].size)
    across, up = WIDTH - LEFT - 12, HEIGHT - BELOW - 10

    def place(size: float, value: float) -> tuple[float, float]:
        x = LEFT + across * (log10(size) - first) / (last - first)
        return x, 10 + up * (high - log10(value)) / (high - low)

    grid = "".join(
        f'<path class="grid" d="M{LEFT} {place(drawn[0].size, 10.0**power)[1]:.1f}H{WIDTH - 12}"/>'
        f'<text x="{LEFT - 6}" y="{place(drawn[0].size, 10.0**power)[1] + 4:.1f}" '
        f'text-anchor="end">{amount(costs[0], 10.0**power * 1.0000001)}</text>'
        for power in range(low, high + 1)
    )
    sizes = "".join(
        f'<text x="{place(cost.size, 10.0**low)[0]:.1f}" y="{HEIGHT - 10}" '
        f'text-anchor="{_side(number, len(drawn))}">{cost.size:,.0f}</text>'
        for number, cost in enumerate(drawn)
        if number in (0, len(drawn) - 1)
    )
    marks = ""
    for css_class, points in (
        ("c3", [(cost.size, cost.reference_seconds, False) for cost in drawn]),
        ("c2", [(cost.size, cost.seconds, cost.censored) for cost in drawn]),
    ):
        found = [(*place(size, value), open_) for size, value, open_ in points if value > 0]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in found)
        marks += f'<path class="line {css_class}" d="M{path}"/>'
        marks += "".join(
            f'<circle class="{css_class}{" open" * open_}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            for x, y, open_ in found
        )
    return (
        f'<figure class="scaling"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="cost against size, logarithmic">{grid}{sizes}{marks}</svg>'
        '<figcaption><span class="key c2"><i></i>this sample</span> '
        '<span class="key c3"><i></i>the reference</span></figcaption></figure>'
    )


def _side(number: int, count: int) -> str:
    return "start" if number == 0 else "end" if number == count - 1 else "middle"
