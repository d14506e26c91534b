// What the page is given: the shape of src/kilonat/study/results.h, and what is derived from it.

import type { Generation } from "./generation/data";
import type { Limit } from "./limit/data";

export type Figures = Record<string, number>;
export type Status = "done" | "missing" | "failed";

export interface Distance { name: string; label: string; unit: string; better: "lower" | "higher" }
export interface ClipResult { file: string; seconds: number; rate_kbps?: number; informative_kbps?: number; distances: Figures }
export interface Latent {
  nats_per_channel: number[];
  active_channels?: number;
  effective_rank?: number;
  lpc_gain_db?: number;
  spectral_decay?: number;
  shift_equivariance?: number;
  context_kl_kbps?: number;
}
export interface Curve { step: number[]; [metric: string]: (number | null)[] }
export interface Point {
  id: string;
  family: string;
  label: string;
  status: Status;
  why: string;
  seed: number;
  steps: number;
  config_hash: string;
  config: string;
  target_kbps: number | null;
  rates: Figures;
  distances: Figures;
  latent?: Latent;
  clips: ClipResult[];
  curve: Curve;
  curve_rows_per_entry: number;
  audio: { clip: string; file: string }[];
}
export interface DataDescription { description: string; clips?: number; seconds?: number }
export interface Results {
  kind: string;
  name: string;
  created: string;
  commands: string[];
  versions: Record<string, string>;
  data: DataDescription;
  distances: Distance[];
  points: Point[];
  originals: { clip: string; file: string; caption: string }[];
}
export interface EmbeddedSound { id: number; seconds: number; sample_rate_hz: number }
export interface MissingSound { missing: string }
/** Results of a study or of a run, those of a generation study, those of the Gaussian limit: at least one of them. */
export interface ReportData {
  made_by: string;
  csv?: string;
  results?: Results;
  generation_csv?: string;
  generation?: Generation;
  limit_csv?: string;
  limit?: Limit;
  sounds: Record<string, EmbeddedSound | MissingSound>;
}

export type StudyData = ReportData & { results: Results };

/** What the page is of. */
export const nameOf = ({ results, generation, limit }: ReportData): string => (results ?? generation ?? limit)!.name;

/** The data in the page; nothing if this is the empty page. */
export function loadData(): ReportData | null {
  const element = document.getElementById("kilonat-data");
  return element?.textContent ? (JSON.parse(element.textContent) as ReportData) : null;
}

/** Points that differ by their seed alone: one family, one label. */
export interface Setting {
  family: string;
  label: string;
  target: number | null;
  points: Point[];
  done: Point[];
}

export function settingsOf(points: Point[]): Setting[] {
  const settings = new Map<string, Setting>();
  for (const point of points) {
    const key = JSON.stringify([point.family, point.label]);
    let setting = settings.get(key);
    if (!setting) {
      setting = { family: point.family, label: point.label, target: point.target_kbps, points: [], done: [] };
      settings.set(key, setting);
    }
    setting.points.push(point);
    if (point.status === "done") setting.done.push(point);
  }
  return [...settings.values()];
}

/** Mean over the seeds that have the figure; `sd` is the sample standard deviation, from two on. */
export interface Spread { n: number; mean: number; sd: number | null; values: number[] }

export function spreadOf(values: (number | null | undefined)[]): Spread | null {
  const present = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  const n = present.length;
  if (n === 0) return null;
  const mean = present.reduce((a, b) => a + b, 0) / n;
  if (n === 1) return { n, mean, sd: null, values: present };
  const squares = present.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { n, mean, sd: Math.sqrt(squares / (n - 1)), values: present };
}

export interface RateKind { key: string; label: string; note: string; order: string[] }

/** Which of a point's rates a chart's rate axis shows, first that the point has. */
export const RATE_KINDS: RateKind[] = [
  {
    key: "coded",
    label: "Coded",
    note: "VAEs: KL rate; RVQ: nominal rate of its codebooks; Opus: bits of its files",
    order: ["kl_kbps", "nominal_kbps", "actual_kbps"],
  },
  {
    key: "content",
    label: "Informative",
    note: "VAEs: KL against the best static Gaussian per channel; RVQ: entropy of its codes; Opus: bits of its files",
    order: ["informative_kbps", "entropy_kbps", "actual_kbps"],
  },
  {
    key: "predictive",
    label: "Predictive",
    note: "VAEs only: KL against a linear-predictive Gaussian",
    order: ["predictive_kbps"],
  },
];

export function rateOf(point: Point, kind: RateKind): number | null {
  for (const name of kind.order) {
    const value = point.rates[name];
    if (value !== undefined) return value;
  }
  return null;
}

/** Standard deviation over a point's clips of what each cost, by their seconds; from two clips on. */
export function clipSpread(point: Point): number | undefined {
  const clips = point.clips.filter((c) => c.rate_kbps !== undefined);
  const seconds = clips.reduce((sum, c) => sum + c.seconds, 0);
  if (clips.length < 2 || seconds === 0) return undefined;
  const mean = clips.reduce((sum, c) => sum + c.seconds * c.rate_kbps!, 0) / seconds;
  return Math.sqrt(clips.reduce((sum, c) => sum + c.seconds * (c.rate_kbps! - mean) ** 2, 0) / seconds);
}

/** What tells how predictable a point's latents are. */
export const LATENT_FIGURES: { key: Exclude<keyof Latent, "nats_per_channel">; label: string }[] = [
  { key: "effective_rank", label: "Effective rank" },
  { key: "lpc_gain_db", label: "Linear-predictive gain, dB" },
  { key: "spectral_decay", label: "Spectral decay" },
  { key: "shift_equivariance", label: "Shift equivariance" },
  { key: "context_kl_kbps", label: "KL of the predicted frames, kbit/s" },
];

export const RATE_NAMES: Record<string, string> = {
  kl_kbps: "KL",
  informative_kbps: "informative",
  predictive_kbps: "predictive",
  nominal_kbps: "nominal",
  entropy_kbps: "entropy",
  actual_kbps: "actual bits",
};

const FAMILY_NAMES: Record<string, string> = {
  gaussian: "VAE, rate asked for",
  fixed_beta: "VAE, fixed β",
  rvq: "RVQ",
  opus: "Opus",
  none: "No bottleneck",
};

/** Known families first, in this order; others as they come. */
export function familiesOf(points: Point[]): string[] {
  const present = new Set(points.map((point) => point.family));
  const known = ["gaussian", "fixed_beta", "rvq", "opus"].filter((family) => present.has(family));
  return [...known, ...[...present].filter((family) => !known.includes(family))];
}

export const familyName = (family: string): string => FAMILY_NAMES[family] ?? family;

/** "VAE 2 kbit/s": for places without room. */
export function shortName(family: string): string {
  return ({ gaussian: "VAE", fixed_beta: "Fixed β", rvq: "RVQ", opus: "Opus" } as Record<string, string>)[family] ?? family;
}

export const familyColor = (family: string): string =>
  ["gaussian", "fixed_beta", "rvq", "opus"].includes(family) ? `var(--${family})` : "var(--other)";

export const FAMILY_SYMBOLS: Record<string, string> = {
  gaussian: "circle", fixed_beta: "diamond", rvq: "square", opus: "triangle",
};

/** "VAE 2 kbit/s", "VAE β = 0.01". */
export function settingName(family: string, label: string): string {
  const name = family === "fixed_beta" && /β|beta/i.test(label) ? "VAE" : shortName(family);
  return `${name} ${label}`;
}

/** What is not there, one line a setting and reason: "VAE 16 kbit/s, seeds 0, 1: missing (not run yet)". */
export interface Absence { family: string; label: string; target: number | null; status: Status; reason: string; seeds: number[] }

/** @param reasonOf  why a point is absent; null if it is there. */
export function absencesOf(points: Point[], reasonOf: (point: Point) => string | null): Absence[] {
  const found = new Map<string, Absence>();
  for (const point of points) {
    const reason = reasonOf(point);
    if (reason === null) continue;
    const key = JSON.stringify([point.family, point.label, reason]);
    const absence = found.get(key) ?? { family: point.family, label: point.label, target: point.target_kbps, status: point.status, reason, seeds: [] };
    absence.seeds.push(point.seed);
    found.set(key, absence);
  }
  return [...found.values()];
}

export const absenceText = (a: Absence): string =>
  `${settingName(a.family, a.label)}, ${a.seeds.length > 1 ? "seeds" : "seed"} ${a.seeds.join(", ")}: ${a.reason}`;

/** Why a point has no figures at all. */
export const whyNotDone = (point: Point): string | null =>
  point.status === "done" ? null : `${point.status}${point.why ? ` (${point.why})` : ""}`;

/** By rate: the asked one, else the coded one, else the end. */
export function sortKey(point: Point): number {
  return point.target_kbps ?? rateOf(point, RATE_KINDS[0]!) ?? Number.MAX_VALUE;
}
