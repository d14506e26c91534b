// A study of the Gaussian limit as the page is given it: src/kilonat/study/gaussian_limit_results.h.

export interface LimitCurve { source: string; variance: number; bits_per_sample: number[]; squared_error: number[] }
export interface LimitPoint {
  id: string;
  source: string;
  target_bits_per_sample: number;
  bits_per_sample: number;
  informative_bits_per_sample: number;
  squared_error: number;
  gap_db: number;
  gap_db_standard_error: number;
  gap_bits_per_sample: number;
  gap_bits_standard_error: number;
  /** False: below the curve by more than three standard errors. */
  possible: boolean;
  clips: number;
  steps: number;
  seed: number;
  config_hash: string;
}
export interface Limit {
  name: string;
  created: string;
  commands: string[];
  versions: Record<string, string>;
  curves: LimitCurve[];
  points: LimitPoint[];
  /** Names of points that are not measured yet. */
  missing: string[];
}

const SOURCES: Record<string, string> = {
  "gaussian-white": "White noise", "gaussian-ar2": "AR(2), two poles", "gaussian-band": "One band",
};
export const sourceName = (source: string): string => SOURCES[source] ?? source;

const COLOURS = ["--gaussian", "--rvq", "--opus", "--fixed_beta", "--other"];
const SYMBOLS = ["circle", "square", "triangle", "diamond"] as const;

/** How a source is drawn, by its place among the curves. */
export function lookOf(limit: Limit, source: string): { colour: string; symbol: (typeof SYMBOLS)[number] } {
  const place = Math.max(0, limit.curves.findIndex((curve) => curve.source === source));
  return { colour: `var(${COLOURS[place % COLOURS.length]!})`, symbol: SYMBOLS[place % SYMBOLS.length]! };
}

/** Squared error against the source's own power [dB]; 0: silence. */
export const distortionDb = (variance: number, squaredError: number): number => 10 * Math.log10(squaredError / variance);

export const varianceOf = (limit: Limit, source: string): number => limit.curves.find((curve) => curve.source === source)!.variance;

export const impossiblePoints = (limit: Limit): LimitPoint[] => limit.points.filter((point) => !point.possible);
