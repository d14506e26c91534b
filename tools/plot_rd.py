#!/usr/bin/env python3
"""Rate-distortion curves of a study, from `kilonat study rd`.

  tools/plot_rd.py OUT.png RESULTS.csv

Needs Debian's python3-matplotlib. A panel for the rate that was got over the rate asked for, and
one for each distance; a mark for every point, a line through the means over seeds. The rate is KL
(gaussian, fixed beta), the codes' entropy beside their nominal rate (RVQ), or the bits that Opus
spent.
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

FAMILIES = {"gaussian": ("target-KL VAE", "C0", "o", ["kl_kbps"]),
            "fixed_beta": ("VAE, fixed KL weight", "C1", "^", ["kl_kbps"]),
            "rvq": ("RVQ", "C2", "s", ["nominal_kbps", "entropy_kbps"]),
            "opus": ("Opus", "C3", "x", ["actual_kbps"])}
DISTANCES = {"mel_distance": "mel distance (lower is better)",
             "stft_distance": "STFT distance (lower is better)",
             "waveform_l1": "waveform L1 (lower is better)",
             "si_sdr_db": "SI-SDR [dB] (higher is better)",
             "visqol_moslqo": "ViSQOL, MOS-LQO (higher is better)",
             "visqol_nsim": "ViSQOL NSIM (higher is better)"}
RATE_TITLES = {"entropy_kbps": ", entropy of its codes"}


def read(path):
    """Points that were measured; exits with one line if there are none."""
    try:
        with open(path, newline="") as file:
            points = [row for row in csv.DictReader(file) if row.get("status") == "done"]
    except OSError as error:
        sys.exit(f"plot_rd: {path}: {error.strerror}")
    if not points or "mel_distance" not in points[0]:
        sys.exit(f"plot_rd: {path}: no measured point of a rate-distortion study in it")
    return points


def mean(values):
    return sum(values) / len(values)


def by_label(points, *columns):
    """For each label, the columns' means over seeds, in the order of the first."""
    groups = {}
    for point in points:
        groups.setdefault(point["label"], []).append(point)
    return sorted(tuple(mean([float(p[c]) for p in group]) for c in columns)
                  for group in groups.values())


def plot_rates(axis, points):
    asked = [p for p in points if p["family"] == "gaussian"]
    axis.plot([float(p["target_kbps"]) for p in asked], [float(p["kl_kbps"]) for p in asked], "o",
              color="C0", markersize=4, label="target-KL VAE")
    line = sorted({float(p["target_kbps"]) for p in asked}) or [1.0]
    axis.plot(line, line, color="black", linewidth=0.8, label="asked")
    for index, beta in enumerate(p for p in points if p["family"] == "fixed_beta"):
        axis.axhline(float(beta["kl_kbps"]), color="C1", linewidth=0.8, linestyle="--",
                     label=None if index else "VAE, fixed KL weight")
        axis.annotate(beta["label"], (line[0], float(beta["kl_kbps"])), fontsize=7, va="bottom")
    axis.set(xscale="log", yscale="log", xlabel="rate asked for [kbit/s]",
             ylabel="KL rate of held-out clips [kbit/s]")


def plot_distance(axis, points, distance):
    for family, (title, colour, marker, rates) in FAMILIES.items():
        some = [p for p in points if p["family"] == family and p.get(distance)]
        for rate in rates if some else []:
            is_first = rate == rates[0]
            axis.plot([float(p[rate]) for p in some], [float(p[distance]) for p in some], marker,
                      color=colour, markersize=4, markerfacecolor=colour if is_first else "none")
            curve = by_label(some, rate, distance)
            axis.plot([x for x, _ in curve], [y for _, y in curve], color=colour, linewidth=1.2,
                      linestyle="-" if is_first else ":", label=title + RATE_TITLES.get(rate, ""))
    axis.set(xscale="log", xlabel="rate [kbit/s]", ylabel=DISTANCES[distance])


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    points = read(arguments[1])
    distances = [d for d in DISTANCES if any(p.get(d) for p in points)]
    figure, axes = plt.subplots(1, 1 + len(distances), figsize=(4.4 * (1 + len(distances)), 4),
                                constrained_layout=True)
    plot_rates(axes[0], points)
    for axis, distance in zip(axes[1:], distances):
        plot_distance(axis, points, distance)
    for axis in axes:
        axis.grid(alpha=0.3, which="both")
    axes[0].legend(fontsize=8)
    axes[1].legend(fontsize=8)
    figure.savefig(arguments[0], dpi=100)


if __name__ == "__main__":
    main(sys.argv[1:])
