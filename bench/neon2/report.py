# SPDX-License-Identifier: BSD-3-Clause
"""What reproduce.py measures, the fits, and the report that it writes: table, numbers, picture."""

import json
import math
import os
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILONS = [0.3 / 2 ** k for k in range(6)]
SUM_EPSILONS = [0.1 / 2 ** k for k in range(6)]
ROWS = [1000, 4000, 16000, 64000]

NEON2 = "optimizer.type=neon2"


def around(inner, *more):
    return [NEON2, f"optimizer.inner.type={inner}", *more]


# name: (config, settings, theory's exponent of 1/epsilon with delta = sqrt(epsilon), its formula)
METHODS = {
    "neon2(gd)": ("sum", around("gd", "optimizer.search=det"), 2.0,
                  "n (eps^-2 + delta^-3.5)"),
    "neon2(svrg)": ("sum", around("svrg"), 2.25,
                    "n^2/3 eps^-2 + n delta^-3 + n^5/12 eps^-2 delta^-1/2 + n^3/4 delta^-3.5"),
    "neon2(sgd)": ("stream", around("sgd"), 4.0, "eps^-4 + eps^-2 delta^-3 + delta^-5"),
    "neon2(scsg)": ("stream", around("scsg"), 3.5, "eps^-10/3 + eps^-2 delta^-3 + delta^-5"),
    "natasha2": ("stream", ["optimizer.type=natasha2"], 3.5,
                 "eps^-13/4 + eps^-3 delta^-1 + delta^-5"),
    "neon2(spider)": ("stream", around("spider"), 3.0, "eps^-3 + eps^-2 delta^-2 + delta^-5"),
    "spider, own escape": ("stream", ["optimizer.type=spider", "optimizer.escape=perturb"], 3.5,
                           "eps^-3 + eps^-2 delta^-3 + eps^-1 delta^-4"),
}
FIXED, SHRINKING, VALLEY = "", ", saddle at -2 delta", ", behind a valley"
FAMILIES = (FIXED, SHRINKING, VALLEY)

# Saddles on the way down, and the methods that meet them, with theory's exponent of their number.
# The theorem's Neon2^det returns what has grown, not the first vector that passes the free test: such
# a vector leads off the way down, to where L grows with the stairs behind (notes.md). That is outside
# the theorem, whose L is one number, so the exponent is shown and not judged.
STAIRS = [4, 8, 16, 32, 64]
ON_STAIRS = {
    "neon2(gd)": (around("gd"), (1.0, 1.0)),
    "neon2(gd), det": (around("gd", "optimizer.search=det", "optimizer.free_test=false"),
                       (1.0, 1.0)),
    "neon2(gd), det with the free test": (around("gd", "optimizer.search=det"), None),
    "neon2(svrg)": (around("svrg"), (1.0, 1.0)),
}

# On sums of growing n, and theory's exponent of n.
IN_N = {
    "neon2(gd)": (around("gd", "optimizer.search=det"), (1.0, 1.0)),
    "neon2(svrg)": (around("svrg"), (2 / 3, 1.0)),
    "neon2(spider)": (around("spider"), (1 / 2, 1.0)),
}

# search: exponents of 1/delta and of n, as (least, most): n + n^{3/4} delta^{-1/2} grows like either
# of its terms. vr with its fixed mini-batch b = 16 has a third one, b L / delta, once the step is at
# its cap 0.5/L (notes.md).
SEARCHES = {"det": ((0.5, 0.5), None), "krylov": ((0.5, 0.5), None), "online": ((2.0, 2.0), None),
            "svrg": ((0.0, 0.5), (0.75, 1.0)), "vr": ((0.0, 1.0), (0.0, 1.0)),
            "vr (batch by rule)": ((0.0, 2 / 3), (2 / 3, 1.0))}

# Quantiles of Student's t for 95 %, two-sided, by degrees of freedom.
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}


# ---- fits ------------------------------------------------------------------------------------------


def slope(xs, ys):
    """Slope of log y over log x, and half of its 95 % interval."""
    x, y = [math.log(v) for v in xs], [math.log(v) for v in ys]
    m = len(x)
    mx, my = statistics.fmean(x), statistics.fmean(y)
    sxx = sum((v - mx) ** 2 for v in x)
    b = sum((v - mx) * (w - my) for v, w in zip(x, y)) / sxx
    if m < 3:
        return b, math.nan
    rest = sum((w - my - b * (v - mx)) ** 2 for v, w in zip(x, y))
    return b, T95[min(m - 2, 8)] * math.sqrt(rest / (m - 2) / sxx)


def spread(values):
    v = sorted(values)
    at = lambda q: v[min(len(v) - 1, int(q * len(v)))]
    return {"median": statistics.median(v), "low": at(0.1), "high": at(0.9), "runs": len(v)}


def fit_line(what, xs, cells, theory):
    """`cells`: spread() by x."""
    used = [x for x in xs if x in cells]
    if len(used) < 3:
        return {"what": what, "points": len(used), "theory": theory}
    b, half = slope(used, [cells[x]["median"] for x in used])
    tail = slope(used[-3:], [cells[x]["median"] for x in used[-3:]])[0]
    return {"what": what, "slope": b, "half": half, "tail": tail, "theory": theory, "from": min(used),
            "to": max(used), "points": len(used)}


def mark(fit):
    if "slope" not in fit:
        return "too few cells"
    if fit["theory"] is None:
        return "not judged"
    least, most = fit["theory"]
    if fit["slope"] > most + 0.15:
        return "**steeper**"
    return "shallower" if fit["slope"] < least - 0.15 else "agrees"


def theory_of(fit):
    if fit["theory"] is None:
        return ""
    least, most = fit["theory"]
    return f"{most:.2f}" if least == most else f"{least:.2f} .. {most:.2f}"


def row(fit):
    if "slope" not in fit:
        return f"| {fit['what']} | | | {theory_of(fit)} | {mark(fit)} |"
    half = "" if math.isnan(fit["half"]) else f" +- {fit['half']:.2f}"
    return (f"| {fit['what']} | {fit['slope']:.2f}{half} | {fit['tail']:.2f} |"
            f" {theory_of(fit)} | {mark(fit)} |")


def part_fits(cells_of):
    """The search's and the tests' part of the cost, each against its own theory."""
    fits = []
    for name, cells in cells_of.items():
        base = next(name.removesuffix(f) for f in (VALLEY, SHRINKING, FIXED) if name.endswith(f))
        if base not in METHODS or METHODS[base][0] != "stream" or "own escape" in base:
            continue
        for part, theory in (("search", (1.0, 1.0)), ("test", (2.0, 2.0))):
            inverse = {1 / e: {"median": c[part]} for e, c in cells.items() if c[part] > 0}
            fits.append(fit_line(f"{name}: {part}", sorted(inverse), inverse, theory))
    return fits


# ---- the report ------------------------------------------------------------------------------------

FITS = ("search_fits", "search_fits_n", "method_fits", "method_fits_n", "part_fits", "stairs_fits")
FIT_HEAD = ["| what | measured | dearest three | theory | |", "|---|---|---|---|---|"]


def table_of_cells(names, cells, title):
    lines = [f"| {title} | gradients: median | 10 % .. 90 % | of it tests | of it searches |"
             " local minima |", "|---|---|---|---|---|---|"]
    for name in names:
        for x, c in cells.get(name, {}).items():
            part = " | ".join(f"{100 * c[k] / c['median']:.0f} %" for k in ("test", "search"))
            lines.append(f"| {name}, {x:.3g} | {c['median']:.4g} | {c['low']:.4g} .. {c['high']:.4g}"
                         f" | {part} | {c['right']} of {c['runs']} |")
    return lines


def table_of_searches(cells):
    lines = ["| search | task | n | delta | gradients: median | 10 % .. 90 % | right |",
             "|---|---|---|---|---|---|---|"]
    for (name, n, task), by_delta in cells.items():
        for d, c in by_delta.items():
            lines.append(f"| {name} | {task} | {'stream' if n < 0 else n} | {d:.3g} |"
                         f" {c['median']:.4g} | {c['low']:.4g} .. {c['high']:.4g} | {c['right']} of"
                         f" {c['runs']} |")
    return lines


def notes():
    with open(os.path.join(HERE, "notes.md")) as f:
        return f.read().splitlines()[3:]  # after licence and title


def report(args, data):
    s_fits, s_by_n, m_fits, m_by_n, m_parts, m_stairs = (data[k] for k in FITS)
    steep = [f["what"] for f in s_fits + s_by_n + m_fits + m_by_n + m_stairs
             if mark(f) == "**steeper**"]
    text = ["<!-- SPDX-License-Identifier: BSD-3-Clause -->",
            "# Exponents of Neon2, measured against theory", "",
            "Made by `make reproduce-neon2` (bench/neon2/reproduce.py: see there for the protocol)."
            f" {args.seeds} seeds a cell; counts of gradients do not depend on the machine. Theory"
            " drops logarithms; where it is a sum of terms in n and delta any slope between theirs is"
            " its. \"Steeper\" is more than 0.15 above, \"shallower\" more than 0.15 below, +- the 95 %"
            " interval of the regression; \"dearest three\": the slope of the last three cells.", ""]
    text += ["Steeper than theory: " + ("; ".join(steep) if steep else "none") + ".", "",
             "## Searches: cost as a power of 1/delta", "",
             "\"formula\" is the slope of the planned cost, logarithms included.", "",
             "| what | measured | dearest three | theory | | formula |",
             "|---|---|---|---|---|---|"]
    text += [row(f) + (f" {f['formula']:.2f} |" if "formula" in f else " |") for f in s_fits]
    text += ["", "## Searches: cost as a power of n", "", *FIT_HEAD]
    text += [row(f) for f in s_by_n]
    text += ["", "## Methods: cost of an (epsilon, sqrt(epsilon))-local minimum as a power of"
             " 1/epsilon", "", "| what | measured | dearest three | theory | | the theorem's cost |",
             "|---|---|---|---|---|---|"]
    text += [row(f) + f" {METHODS[f['name']][3]} |" for f in m_fits]
    text += ["", "## Methods: cost at epsilon = 0.01 as a power of n", "", *FIT_HEAD]
    text += [row(f) for f in m_by_n]
    text += ["", "## Methods: parts of the cost on streams, as a power of 1/epsilon", "",
             "A search costs delta^-2, so epsilon^-1; a test V/epsilon^2, and there are as many as"
             " epochs.", "", *FIT_HEAD]
    text += [row(f) for f in m_parts]
    text += ["", "## Methods: cost as a power of the number of saddles on the way", "", *FIT_HEAD]
    text += [row(f) for f in m_stairs]
    absent = [what for what, there in (
        ("searches", data["searches"]), ("a fixed function", set(METHODS) & set(data["methods"])),
        ("saddle at -2 delta", any(SHRINKING in m for m in data["methods"])),
        ("behind a valley", any(VALLEY in m for m in data["methods"])),
        ("powers of n", data["methods_n"]), ("staircase", data["methods_stairs"])) if not there]
    if absent:
        text += ["", "Pieces that were not measured this time: " + "; ".join(absent) + "."]
    if data["left_out"]:
        text += ["", "Left out as too expensive for twenty minutes: " +
                 "; ".join(data["left_out"]) + "."]
    text += ["", *notes(), "", "## Cells: methods", ""]
    text += table_of_cells(data["methods"], data["methods"], "method, epsilon")
    text += ["", *table_of_cells(IN_N, data["methods_n"], "method at epsilon = 0.01, n")]
    text += ["", *table_of_cells(ON_STAIRS, data["methods_stairs"],
                                 "method on a staircase, saddles")]
    text += ["", "## Cells: searches", "", *table_of_searches(data["search_cells"])]
    with open(os.path.join(args.out, "neon2.md"), "w") as f:
        f.write("\n".join(text).rstrip() + "\n")


def raw(args, data):
    """Every run, one to a line, and the fits."""
    runs = [{k: v for k, v in r.items() if k != "seconds"} | {"method": name}
            for key in ("methods", "methods_n", "methods_stairs") for name, cells in data[key].items()
            for c in cells.values() for r in c["rows"]]
    fits = [f for k in FITS for f in data[k]]
    lines = lambda rows: ",\n".join(json.dumps(r) for r in rows)
    with open(os.path.join(args.out, "neon2.json"), "w") as f:
        f.write(f'{{"left_out": {json.dumps(data["left_out"])},\n"fits": [\n{lines(fits)}],\n'
                f'"methods": [\n{lines(runs)}],\n"searches": [\n{lines(data["searches"])}]}}\n')


def block(name, cells):
    return f"${name} << EOD\n" + "\n".join(
        f"{x:.6g} {c['median']:.6g} {c['low']:.6g} {c['high']:.6g}"
        for x, c in cells.items()) + "\nEOD"


def panel(curves, title, label, names):
    """One plot of curves (title, cells), with error bars over the seeds."""
    blocks, parts = [], []
    for i, (what, cells) in enumerate(curves):
        if not cells:
            continue
        name = f"{names}{i}"
        blocks.append(block(name, cells))
        parts.append(f"${name} using 1:2:3:4 with yerrorlines lw 1.5 pt {i + 4} ps 0.6 title "
                     f"'{what}'")
    if not parts:
        return [], []
    return blocks, [f"set title '{title}'", f"set xlabel '{label}'", "plot " + ", ".join(parts)]


def plot(args, data):
    searches_ = [(f"{name}, {task}" + (f", n = {n}" if n > 1 else ""), cells)
                 for (name, n, task), cells in data["search_cells"].items()]
    small = [c for c in searches_ if "n =" not in c[0]]
    large = [c for c in searches_ if "n = 64000" in c[0] or "n = 1000" in c[0]]
    of = lambda config, family: [(m, data["methods"].get(m + family, {})) for m in METHODS
                                 if METHODS[m][0] == config]
    sums = [(m + f, data["methods"].get(m + f, {})) for f in FAMILIES for m in METHODS
            if METHODS[m][0] == "sum"]
    blocks, script = [], ["set terminal svg size 1300,1300 font ',11' background '#ffffff'",
                          f"set output '{os.path.join(args.out, 'neon2.svg')}'",
                          "set encoding utf8", "set logscale xy", "set format y '10^{%L}'",
                          "set ylabel 'component gradients'", "set key left top font ',9'",
                          "set grid", "set multiplot layout 3,2"]
    for i, (curves, title, label) in enumerate((
            (small, "Searches: one function and a stream", "delta"),
            (large, "Searches on finite sums", "delta"),
            (of("stream", FIXED), "Methods on a stream, delta = sqrt(epsilon)", "epsilon"),
            (of("stream", VALLEY), "The same behind a valley", "epsilon"),
            (sums, "Methods on sums, delta = sqrt(epsilon)", "epsilon"),
            (list(data["methods_n"].items()), "Methods on sums, epsilon = 0.01", "n"))):
        script.append("set xrange [*:*] " + ("noreverse" if label == "n" else "reverse"))
        b, s = panel(curves, title, label, f"d{i}x")
        blocks, script = blocks + b, script + s
    try:
        subprocess.run(["gnuplot"], input="\n".join(blocks + script) + "\n", text=True, check=False)
    except FileNotFoundError:
        print("no gnuplot: no picture")
        return
    picture = os.path.join(args.out, "neon2.svg")
    with open(picture) as f:
        head, rest = f.read().split("\n", 1)
    with open(picture, "w") as f:
        f.write(head + "\n<!-- SPDX-License-Identifier: BSD-3-Clause -->\n" + rest)
