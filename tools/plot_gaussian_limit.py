#!/usr/bin/env python3
"""Points of `kilonat study gaussian-limit` on the rate-distortion functions of their sources.

  tools/plot_gaussian_limit.py OUT.png GAUSSIAN_LIMIT.json

Needs Debian's python3-matplotlib. Above: the curves and the measured points. Below: the distance
from the curve in dB at equal rate, with its standard error over clips.
"""
import json
import math
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)


def snr_db(variance, squared_error):
    return 10 * math.log10(variance / squared_error)


def plot(out, results):
    figure, (curve_axis, gap_axis) = plt.subplots(
        2, 1, figsize=(7.5, 7.5), sharex=True, height_ratios=(2.2, 1), constrained_layout=True)
    for number, curve in enumerate(results["curves"]):
        colour = f"C{number}"
        points = [point for point in results["points"] if point["source"] == curve["source"]]
        bits = [point["bits_per_sample"] for point in points]
        curve_axis.plot(curve["bits_per_sample"],
                        [snr_db(curve["variance"], error) for error in curve["squared_error"]],
                        color=colour, linewidth=1.2, label=curve["source"] + ": Shannon's limit")
        curve_axis.plot(bits, [snr_db(curve["variance"], point["squared_error"]) for point in points],
                        "o", color=colour, markersize=5, label=curve["source"] + ": VAE, measured")
        gap_axis.errorbar(bits, [point["gap_db"] for point in points],
                          yerr=[point["gap_db_standard_error"] for point in points],
                          fmt="o-", color=colour, markersize=4, linewidth=0.8, capsize=3)
    curve_axis.set(ylabel="signal to noise [dB], held-out clips")
    curve_axis.legend(fontsize=8)
    gap_axis.axhline(0, color="black", linewidth=1)
    gap_axis.set(xlabel="KL rate [bits per sample]", ylabel="above the limit [dB]")
    for axis in (curve_axis, gap_axis):
        axis.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    results = json.loads(Path(arguments[1]).read_text())
    if results.get("format") != "kilonat-gaussian-limit":
        sys.exit(f"{arguments[1]}: no results of the Gaussian limit")
    plot(arguments[0], results)


if __name__ == "__main__":
    main(sys.argv[1:])
