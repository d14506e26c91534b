// A made-up gaussian_limit.json: no codec was trained. Curves from formulas, points at set distances
// from them: above, below by less than three standard errors, and below by more, which cannot be.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BITS_PER_DB = 1 / (20 * Math.log10(2));

/** Error of white noise of that share of the spectrum: D = variance 2^(-2 R / share). */
const SOURCES = { "gaussian-white": 1, "gaussian-ar2": 0.5, "gaussian-band": 0.25 };
const VARIANCE = 0.01;
const errorAt = (share, bits) => VARIANCE * 2 ** (-2 * bits / share);

const curveOf = ([source, share]) => {
  const bits = Array.from({ length: 101 }, (_, i) => 3.4 * share * i / 100);
  return { source, variance: VARIANCE, bits_per_sample: bits, squared_error: bits.map((b) => errorAt(share, b)) };
};

/** Point at `snrDb` of its curve and `gapDb` above it, with a standard error of 0.006 dB. */
function pointOf(source, snrDb, gapDb) {
  const share = SOURCES[source];
  const bits = snrDb * BITS_PER_DB * share;
  const perDb = BITS_PER_DB * share;
  return {
    id: `${source}-${snrDb}dB`, source, target_bits_per_sample: bits * 1.001, bits_per_sample: bits, informative_bits_per_sample: bits * 0.999,
    squared_error: errorAt(share, bits) * 10 ** (gapDb / 10), gap_db: gapDb, gap_db_standard_error: 0.006,
    gap_bits_per_sample: gapDb * perDb, gap_bits_standard_error: 0.006 * perDb, possible: gapDb >= -0.018,
    clips: 32, steps: 1500, seed: 0, config_hash: "0123456789abcdef",
  };
}

/** @param wrong  one point lies below its curve. */
export function makeLimit(folder, { wrong = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const results = {
    format: "kilonat-gaussian-limit", version: 1, name: "Made-up codecs on Gaussian sources", created: "2026-01-02T03:04:05Z",
    commands: ["kilonat study gaussian-limit made_up"], versions: { kilonat: "made up" },
    curves: Object.entries(SOURCES).map(curveOf),
    points: [
      pointOf("gaussian-white", 3, 0.19), pointOf("gaussian-white", 9, -0.012), pointOf("gaussian-white", 18, 0.033),
      pointOf("gaussian-ar2", 3, 0.9), pointOf("gaussian-ar2", 9, wrong ? -1.5 : 0.18), pointOf("gaussian-ar2", 18, 0.49),
      pointOf("gaussian-band", 3, 0.63), pointOf("gaussian-band", 9, 0.19),
    ],
    missing: ["gaussian-band-18dB"],
  };
  writeFileSync(join(folder, "gaussian_limit.json"), JSON.stringify(results));
  return results;
}
