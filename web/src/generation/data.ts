// A generation study as the page is given it: src/kilonat/study/generation_results.h.

import { spreadOf, type Curve, type DataDescription, type Figures, type Spread, type Status } from "../data";
import * as format from "../format";

export interface Estimate { value: number; low?: number; high?: number }
export type Estimates = Record<string, Estimate>;
export interface Metric { id: string; label: string; better: "lower" | "higher"; note: string }
export interface Anchor { id: string; label: string; metrics: Estimates }
export interface GeneratedSound { prompt: string; class: string; file: string; seed?: number }
export interface GenerationPoint {
  id: string;
  codec_point: string;
  target_kbps?: number;
  status: Status;
  why: string;
  rates: Figures;
  seed: number;
  steps?: number;
  guidance?: number;
  sampler: string;
  sampler_steps?: number;
  metrics: Estimates;
  reconstruction: Estimates;
  guidance_curve: { guidance: number; metrics: Estimates }[];
  eta?: number;
  classes: string[];
  confusion: number[][];
  predictability: Figures;
  curve: Curve;
  curve_rows_per_entry: number;
  audio: GeneratedSound[];
  /** Which of its rate's points it is: nameSeeds. */
  seeds: string;
}
export interface Correlation { measure: string; metric: string; spearman?: number; low?: number; high?: number; points?: number }
export interface Best { metric: string; target_kbps: number; share: { target_kbps: number; share: number }[] }
export interface Generation {
  name: string;
  created: string;
  commands: string[];
  versions: Record<string, string>;
  data: DataDescription;
  generator: { config: string; parameters?: number };
  metrics: Metric[];
  anchors: Anchor[];
  points: GenerationPoint[];
  correlations: Correlation[];
  best?: Best;
}

/** The points of one rate: they differ by the seeds of the codec and of the generator. */
export interface Rate { label: string; target: number | null; points: GenerationPoint[]; done: GenerationPoint[] }

export const rateLabel = (point: GenerationPoint): string =>
  point.target_kbps === undefined ? point.codec_point || point.id : `${format.tick(point.target_kbps)} kbit/s`;

/** By rate; those that were asked for none come last. */
export function ratesOf(points: GenerationPoint[]): Rate[] {
  const rates = new Map<string, Rate>();
  for (const point of points) {
    const label = rateLabel(point);
    const rate = rates.get(label) ?? { label, target: point.target_kbps ?? null, points: [], done: [] };
    rates.set(label, rate);
    rate.points.push(point);
    if (point.status === "done") rate.done.push(point);
  }
  return [...rates.values()].sort((a, b) => (a.target ?? Infinity) - (b.target ?? Infinity));
}

export const RATE_KINDS: { key: string; label: string; note: string }[] = [
  { key: "kl_kbps", label: "KL", note: "KL of the posterior from N(0, 1): what the codec was trained for" },
  { key: "informative_kbps", label: "Informative", note: "KL against the best static Gaussian per channel" },
  { key: "predictive_kbps", label: "Predictive", note: "KL against a linear-predictive Gaussian" },
  { key: "diffusion_kbps", label: "Diffusion bound", note: "An estimate of the most that held-out latents cost with this generator and the caption as the prior" },
];

const codecSeed = (point: GenerationPoint): string => /seed(\d+)/.exec(point.codec_point)?.[1] ?? point.codec_point;

/** Names each point within its rate by the seeds that tell it from the others: "generator seed 1". */
export function nameSeeds(points: GenerationPoint[]): void {
  const severalCodecs = new Set(points.map(codecSeed)).size > 1;
  for (const point of points) {
    point.seeds = `${severalCodecs && codecSeed(point) ? `codec seed ${codecSeed(point)}, ` : ""}generator seed ${point.seed}`;
  }
}

export const pointName = (point: GenerationPoint): string => `${rateLabel(point)}, ${point.seeds}`;

/** The label, without what is in brackets where there is no room for it. */
export const metricLabel = (metric: Metric, width: number): string =>
  (metric.label.length > width / 14 ? metric.label.replace(/\s*\([^)]*\)/g, "") : metric.label);

/** The title of an axis in a chart of that width [pixels]. */
export const metricTitle = (metric: Metric, width: number): string => `${metricLabel(metric, width)}, ${metric.better} is better`;

/** "0.25 [0.13, 0.5]". */
export function estimateText(estimate: Estimate | undefined): string {
  if (!estimate) return format.DASH;
  const { value, low, high } = estimate;
  return low === undefined || high === undefined ? format.number(value) : `${format.number(value)} [${format.number(low)}, ${format.number(high)}]`;
}

/** A metric over the seeds of a rate. */
export const metricSpread = (points: GenerationPoint[], metric: Metric): Spread | null => spreadOf(points.map((p) => p.metrics[metric.id]?.value));

/** What is not there, one line a rate and reason. @param reasonOf  null if it is there. */
export function absentPoints(points: GenerationPoint[], reasonOf: (point: GenerationPoint) => string | null): { target: number | null; text: string }[] {
  const found = new Map<string, { target: number | null; label: string; reason: string; seeds: string[] }>();
  for (const point of points) {
    const reason = reasonOf(point);
    if (reason === null) continue;
    const key = JSON.stringify([rateLabel(point), reason]);
    const entry = found.get(key) ?? { target: point.target_kbps ?? null, label: rateLabel(point), reason, seeds: [] };
    found.set(key, entry);
    entry.seeds.push(point.seeds);
  }
  return [...found.values()].map(({ target, label, reason, seeds }) => ({ target, text: `${label} (${seeds.join("; ")}): ${reason}` }));
}

export const whyNotDone = (point: GenerationPoint): string | null =>
  point.status === "done" ? null : `${point.status}${point.why ? ` (${point.why})` : ""}`;

const MEASURES: Record<string, string> = {
  predictive_kbps: "Predictive rate", linear_gain_db: "Linear-predictive gain", effective_rank: "Effective rank",
  spectral_decay: "Spectral decay", shift_equivariance: "Shift equivariance", kl_kbps: "KL rate",
  informative_kbps: "Informative rate", diffusion_kbps: "Diffusion bound of the rate", eta: "Flow-matching score η",
  reconstruction: "The codec alone: the same metric of its reconstructions",
};
export const measureName = (id: string): string => MEASURES[id] ?? id;

/** From pale to dark with the rate. */
export const shadeOf = (i: number, count: number): string =>
  `color-mix(in oklab, var(--gaussian) ${count < 2 ? 100 : Math.round(50 + 50 * (i / (count - 1)))}%, var(--card))`;
