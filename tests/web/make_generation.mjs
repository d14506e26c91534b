// Makes a small made-up generation study for the tests of the report page.
// Usage: node make_generation.mjs FOLDER      (make_study.mjs makes it beside its own, too)
//
// Nothing in it was measured: figures come from formulas and a seeded generator, sounds from
// oscillators, and the study says so. It has what a page must cope with: two seeds, a rate that is
// missing, a point that failed, metrics and rates that some points lack, a sound that is not there,
// a correlation that is not known, anchors far away.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hash, randomFrom, SAMPLE_RATE_HZ, wav } from "./made_up.mjs";

const SECONDS = 0.8;
const CLASSES = ["bell", "siren", "rain", "crackling fire"];
const PROMPTS = { bell: "a high bell", siren: "a siren, rising and falling", rain: "rain on a roof" };
const RATES = [0.5, 1, 2, 4, 8];
const BEST = 2;

const round = (x) => Number(x.toPrecision(5));

/** How far a rate is from the best one, in octaves. */
const away = (kbps) => Math.abs(Math.log2(kbps / BEST));

const METRICS = [
  { id: "kad", label: "KAD (in-domain, classifier embedding)", better: "lower", note: "unbiased, so it can fall below zero", at: (a, r) => 0.03 + 0.055 * a + 0.006 * r() },
  { id: "fad", label: "FAD (in-domain)", better: "lower", note: "", at: (a, r) => 9 + 4 * a + 0.8 * r() },
  { id: "class_accuracy", label: "Class accuracy", better: "higher", note: "", at: (a, r) => 0.82 - 0.15 * a + 0.04 * r() },
  { id: "inception_score", label: "Inception score", better: "higher", note: "", at: (a, r) => 3.2 - 0.4 * a + 0.1 * r() },
];
const WIDTH = { kad: 0.012, fad: 1.5, class_accuracy: 0.07, inception_score: 0.25 };

const estimate = (id, value, interval = true) =>
  (interval ? { value: round(value), low: round(value - WIDTH[id]), high: round(value + 1.2 * WIDTH[id]) } : { value: round(value) });

function metricsAt(octaves, random, ids = METRICS.map((m) => m.id), interval = true) {
  return Object.fromEntries(METRICS.filter((m) => ids.includes(m.id)).map((m) => [m.id, estimate(m.id, m.at(octaves, random), interval)]));
}

function confusionOf(octaves, random) {
  const right = 0.8 - 0.13 * octaves;
  return CLASSES.map((_, i) => {
    const hits = Math.round(20 * right + 1.5 * random());
    const rest = CLASSES.map((__, j) => (j === i ? 0 : 1));
    for (let left = 20 - hits - 3; left > 0; left--) rest[(i + 1 + (left % 3)) % 4] += left % 2;
    rest[i] = 20 - rest.reduce((a, b) => a + b, 0);
    return rest;
  });
}

function curveOf(kbps, eta, random) {
  const step = Array.from({ length: 40 }, (_, i) => 100 * (i + 1));
  return {
    step,
    loss: step.map((s) => round(1.1 + 0.1 * Math.log2(kbps) + 0.6 * Math.exp(-s / 500) + 0.03 * random())),
    eta: step.map((s, i) => (i % 5 === 4 ? round(eta * (1 - Math.exp(-s / 700))) : null)), // held out, so now and then
  };
}

/** A caricature: what the prompt asks for, in more noise the farther the rate is from the best. */
function sounded(name, octaves, seed) {
  const noise = randomFrom(seed);
  const pitch = 520 * (1 + 0.2 * noise());
  return Array.from({ length: SAMPLE_RATE_HZ * SECONDS }, (_, i) => {
    const t = i / SAMPLE_RATE_HZ;
    const tone = name === "bell" ? [1, 2.76, 5.4].reduce((s, r, k) => s + Math.sin(2 * Math.PI * pitch * r * t) * Math.exp(-t * (3 + 3 * k)) / (1 + k), 0)
      : name === "siren" ? Math.sin(2 * Math.PI * (900 * t - 40 * Math.cos(2 * Math.PI * 1.2 * t))) : noise() * (0.4 + 0.2 * Math.sin(9 * t));
    return 0.35 * tone + 0.05 * octaves * noise();
  });
}

function audioOf(id, kbps, folder) {
  mkdirSync(join(folder, "audio", id), { recursive: true });
  return Object.entries(PROMPTS).flatMap(([name, prompt]) => [0, 1].map((seed) => {
    const file = `audio/${id}/${name}-${seed}.wav`;
    // A sound that generation.json names but that is not there.
    if (!(kbps === 1 && name === "siren" && seed === 0)) writeFileSync(join(folder, file), wav(sounded(name, away(kbps), hash(id + name + seed))));
    return { prompt, class: name, file, seed };
  }));
}

function makePoint(kbps, seed, folder) {
  const id = `gaussian-${kbps}-seed0.gen${seed}`;
  const codec = { id, codec_point: `gaussian-${kbps}-seed0`, target_kbps: kbps, seed };
  if (kbps === 8) return { ...codec, status: "missing", why: "not run yet", rates: { kl_kbps: 8.1, predictive_kbps: 5.5 } };
  const random = randomFrom(hash(id));
  const eta = 0.34 - 0.06 * Math.log2(kbps) + 0.01 * random();
  if (kbps === 4 && seed === 1) return { ...codec, status: "failed", why: "step 812: the loss was not finite", steps: 812, curve: Object.fromEntries(Object.entries(curveOf(kbps, eta, random)).map(([k, list]) => [k, list.slice(0, 8)])) };
  const rates = { kl_kbps: round(kbps * 1.02), informative_kbps: round(kbps * 1.01), predictive_kbps: round(kbps * 0.7), diffusion_kbps: round(kbps * 0.6) };
  if (kbps === 0.5) delete rates.predictive_kbps; // a rate that was not measured
  const metrics = metricsAt(away(kbps), random);
  if (kbps === 1 && seed === 1) delete metrics.fad; // a metric that was not measured
  return {
    ...codec, status: "done", why: "", rates, steps: 4000, guidance: 3, sampler: "euler", sampler_steps: 50, metrics,
    reconstruction: metricsAt(0.6 - 0.25 * Math.log2(kbps) - 0.5, () => -1, ["kad", "fad", "class_accuracy"]),
    guidance_curve: [1, 2, 3, 5].map((guidance) => ({ guidance, metrics: metricsAt(away(kbps) + 0.5 * Math.abs(guidance - 3), random, ["kad", "class_accuracy"], guidance !== 5) })),
    eta: round(eta), classes: CLASSES, confusion: confusionOf(away(kbps), random),
    predictability: { predictive_kbps: round(kbps * 0.7), linear_gain_db: round(4 - 0.3 * Math.log2(kbps)), effective_rank: round(4 + 3 * kbps), spectral_decay: 0.61, shift_equivariance: 0.88 },
    curve: curveOf(kbps, eta, random),
    audio: audioOf(id, kbps, folder),
  };
}

export function makeGeneration(folder) {
  mkdirSync(folder, { recursive: true });
  const anchor = (id, label, kad, accuracy) => ({ id, label, metrics: { kad: estimate("kad", kad, id === "real"), class_accuracy: { value: accuracy } } });
  const generation = {
    format: "kilonat-generation", version: 1, name: "Made-up generation study for the page's tests", created: "2026-01-03T03:04:05Z",
    commands: ["kilonat study generation conf/study/made-up.toml"], versions: { kilonat: "0.1.0", libtorch: "1.13.1" },
    data: { description: "No generator was trained and nothing was measured: every figure comes from a formula, every sound from oscillators.", clips: 80, seconds: 64 },
    generator: { config: "# made up\n[generator]\nsize = \"micro\"\n", parameters: 1050000 },
    metrics: METRICS.map(({ at, ...metric }) => metric),
    anchors: [anchor("real", "held-out clips against training clips", 0.004, 0.9), anchor("silence", "silence", 1.9, 0.25), anchor("noise", "white noise", 1.4, 0.25)],
    points: RATES.flatMap((kbps) => [0, 1].map((seed) => makePoint(kbps, seed, folder))),
    correlations: [
      { measure: "predictive_kbps", metric: "kad", spearman: 0.2, low: -0.8, high: 0.9, points: 4 },
      { measure: "effective_rank", metric: "kad", spearman: 0.2, low: -0.8, high: 0.9, points: 4 },
      { measure: "linear_gain_db", metric: "kad", spearman: -0.2, low: -0.9, high: 0.8, points: 4 },
      { measure: "shift_equivariance", metric: "kad", spearman: 0, low: -0.9, high: 0.9, points: 4 },
      { measure: "spectral_decay", metric: "kad", points: 4 }, // all the same: no ranks
      { measure: "effective_rank", metric: "class_accuracy", spearman: -0.4, low: -0.95, high: 0.7, points: 4 },
    ],
    best: { metric: "kad", target_kbps: BEST, share: [{ target_kbps: 0.5, share: 0.02 }, { target_kbps: 1, share: 0.2 }, { target_kbps: 2, share: 0.71 }, { target_kbps: 4, share: 0.07 }] },
  };
  writeFileSync(join(folder, "generation.json"), JSON.stringify(generation));
  return generation;
}

if (process.argv[1]?.endsWith("make_generation.mjs")) makeGeneration(join(process.argv[2], "generation"));
