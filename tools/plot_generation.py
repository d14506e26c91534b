#!/usr/bin/env python3
"""Quality of generated sounds over the rate of the latents, from `kilonat study generation`.

  tools/plot_generation.py OUT.png GENERATION.json [METRIC ...]

Needs Debian's python3-matplotlib. A panel for each metric (default: kad class_accuracy): every
generator with its bootstrap interval, the mean over the seeds of a rate, the codec alone (held-out
clips, coded and decoded), and real held-out clips.
"""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

DEFAULT_METRICS = ["kad", "class_accuracy"]


def mean(values):
    return sum(values) / len(values)


def by_rate(points):
    """Points that were measured, by the rate that was asked for."""
    rates = {}
    for point in points:
        if point["status"] == "done":
            rates.setdefault(point["target_kbps"], []).append(point)
    return dict(sorted(rates.items()))


def plot_metric(axis, results, metric):
    rates = by_rate(results["points"])
    for points in rates.values():
        estimates = [point["metrics"][metric] for point in points]
        axis.errorbar([point["rates"]["kl_kbps"] * (1 + 0.03 * i) for i, point in enumerate(points)],
                      [e["value"] for e in estimates],
                      yerr=[[e["value"] - e["low"] for e in estimates],
                            [e["high"] - e["value"] for e in estimates]],
                      fmt="o", color="C0", markersize=4, linewidth=0.8, capsize=2)
    kbps = [mean([p["rates"]["kl_kbps"] for p in points]) for points in rates.values()]
    for name, colour, key in (("generated", "C0", "metrics"), ("codec alone", "C1", "reconstruction")):
        values = [mean([p[key][metric]["value"] for p in points]) for points in rates.values()]
        axis.plot(kbps, values, color=colour, marker="s" if key != "metrics" else None,
                  markersize=4, linewidth=1.2, label=name)
    for anchor in results["anchors"]:
        if anchor["id"] == "real" and metric in anchor["metrics"]:
            axis.axhline(anchor["metrics"][metric]["value"], color="black", linewidth=1,
                         linestyle="--", label="real, held out")
    label = next((m["label"] for m in results["metrics"] if m["id"] == metric), metric)
    lower = next((m["better"] == "lower" for m in results["metrics"] if m["id"] == metric), False)
    axis.set(xscale="log", xlabel="KL rate of held-out clips [kbit/s]",
             ylabel=f"{label} ({'lower' if lower else 'higher'} is better)")
    axis.set_xticks(kbps, [f"{x:.2g}" for x in kbps], minor=False)
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    results = json.loads(Path(arguments[1]).read_text())
    if results.get("format") != "kilonat-generation" or not by_rate(results["points"]):
        sys.exit(f"{arguments[1]}: no measured points of a generation study")
    metrics = arguments[2:] or DEFAULT_METRICS
    figure, axes = plt.subplots(1, len(metrics), figsize=(5 * len(metrics), 4),
                                constrained_layout=True, squeeze=False)
    for axis, metric in zip(axes[0], metrics):
        plot_metric(axis, results, metric)
    figure.savefig(arguments[0], dpi=110)


if __name__ == "__main__":
    main(sys.argv[1:])
