#!/usr/bin/env python3
"""Prints the figures of `kilonat eval --json` that a first look needs.

Usage: tools/summarise_eval.py EVAL.json
"""

import json
import sys

# key (a dot goes one object down), words, unit, decimals
LINES = (
    ("target_kbps", "target rate", "kbit/s", 3),
    ("rate_kbps", "measured rate", "kbit/s", 3),
    ("informative_kbps", "informative rate", "kbit/s", 3),
    ("nats_per_frame", "nats per frame", "", 2),
    ("mel_distance", "mel distance", "", 3),
    ("silence.mel_distance", "  of silence", "", 3),
    ("shuffled.mel_distance", "  of another clip", "", 3),
    ("stft_distance", "STFT distance", "", 3),
    ("waveform_l1", "waveform L1", "", 4),
    ("si_sdr_db", "SI-SDR", "dB", 2),
    ("real_time_factor", "faster than real time", "x", 1),
)


def figure(report, key):
    """The number under a key; None if there is none."""
    for part in key.split("."):
        report = report.get(part) if isinstance(report, dict) else None
    return report if isinstance(report, (int, float)) else None


def summary(report):
    """The lines of a report; figures that it does not hold are left out."""
    lines = []
    for key, words, unit, decimals in LINES:
        value = figure(report, key)
        if value is not None:
            lines.append(f"{words:<22} {value:.{decimals}f} {unit}".rstrip())
    if isinstance(report.get("clips"), list):
        lines.append(f"{'clips':<22} {len(report['clips'])}")
    return lines


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        print("\n".join(summary(json.load(file))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
