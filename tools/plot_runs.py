#!/usr/bin/env python3
"""Figures of docs/results from run folders and eval files. Needs Debian's python3-matplotlib.

  tools/plot_runs.py curves OUT.png NAME=RUN...          rate and mel loss over the steps of runs
  tools/plot_runs.py rates OUT.png EVAL.json...          rate asked, rate measured, mel distance
"""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

SMOOTHED_STEPS = 25


def series(run, key):
    """(steps, values) of a logged figure."""
    rows = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    pairs = [(row["step"], row[key]) for row in rows if key in row]
    return [step for step, _ in pairs], [value for _, value in pairs]


def smoothed(values):
    """Mean over the SMOOTHED_STEPS before and including each."""
    return [sum(values[max(0, i + 1 - SMOOTHED_STEPS):i + 1]) / len(values[max(0, i + 1 - SMOOTHED_STEPS):i + 1])
            for i in range(len(values))]


def plot_curves(out, named_runs):
    figure, (rate_axis, mel_axis) = plt.subplots(1, 2, figsize=(10, 4), constrained_layout=True)
    for argument in named_runs:
        name, _, run = argument.partition("=")
        for axis, key in ((rate_axis, "rate/kbps"), (mel_axis, "rec/mel")):
            steps, values = series(run, key)
            axis.plot(steps, smoothed(values), label=name, linewidth=1.3)
    steps, target = series(named_runs[0].partition("=")[2], "rate/target_kbps")
    rate_axis.plot(steps, target, color="black", linestyle="--", linewidth=1, label="target")
    rate_axis.set(xlabel="step", ylabel="KL rate of the batch [kbit/s]", yscale="log")
    mel_axis.set(xlabel="step", ylabel="mel loss of the batch")
    mel_axis.legend(fontsize=8)
    for axis in (rate_axis, mel_axis):
        axis.grid(alpha=0.3)
    figure.suptitle(f"mean over {SMOOTHED_STEPS} steps", fontsize=9)
    figure.savefig(out, dpi=110)


def plot_rates(out, evals):
    points = sorted((json.loads(Path(name).read_text()) for name in evals), key=lambda e: e["target_kbps"])
    target = [point["target_kbps"] for point in points]
    figure, (rate_axis, mel_axis) = plt.subplots(1, 2, figsize=(10, 4), constrained_layout=True)
    rate_axis.plot(target, target, color="black", linewidth=1, label="asked")
    rate_axis.plot(target, [p["rate_kbps"] for p in points], "o", label="measured, whole clips")
    rate_axis.plot(target, [p["informative_kbps"] for p in points], "x", label="informative, whole clips")
    rate_axis.set(xlabel="rate asked [kbit/s]", ylabel="rate [kbit/s]", xscale="log", yscale="log")
    mel_axis.plot([p["rate_kbps"] for p in points], [p["mel_distance"] for p in points], "o-")
    mel_axis.set(xlabel="rate measured [kbit/s]", ylabel="mel distance", xscale="log")
    mel_axis.text(0.98, 0.95, "silence {:.1f}, shuffled clips {:.1f}".format(
        points[0]["silence"]["mel_distance"], points[0]["shuffled"]["mel_distance"]),
        transform=mel_axis.transAxes, ha="right", va="top", fontsize=9)
    rate_axis.legend(fontsize=8)
    for axis in (rate_axis, mel_axis):
        axis.grid(alpha=0.3, which="both")
    figure.savefig(out, dpi=110)


def main(arguments):
    plots = {"curves": plot_curves, "rates": plot_rates}
    if len(arguments) < 3 or arguments[0] not in plots:
        sys.exit(__doc__)
    plots[arguments[0]](arguments[1], arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
