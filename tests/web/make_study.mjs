// Makes a small made-up study for the tests of the report page.
// Usage: node make_study.mjs FOLDER
//
// Nothing in it was measured: figures come from formulas and a seeded generator, sounds from a few
// oscillators, and the study says so. It has what a page must cope with: several seeds, a point
// that is missing, one that failed, a distance that some points lack, a sound that is not there.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeGeneration } from "./make_generation.mjs";
import { makeLimit } from "./make_limit.mjs";
import { hash, randomFrom, SAMPLE_RATE_HZ, wav } from "./made_up.mjs";

const SECONDS = 1.6;

const times = Array.from({ length: SAMPLE_RATE_HZ * SECONDS }, (_, i) => i / SAMPLE_RATE_HZ);

const CLIPS = [
  { clip: "pluck.wav", caption: "three plucked strings, falling", at: (t) => {
    const note = Math.floor(t / 0.5);
    const since = t - 0.5 * note;
    return [440, 330, 247, 220].slice(0, 4).map((hz, i) => (i === note ? hz : 0)).reduce((sum, hz) => sum +
      (hz ? [1, 2, 3, 4, 5, 6].reduce((s, k) => s + Math.sin(2 * Math.PI * hz * k * since) * Math.exp(-since * (3 + 2 * k)) / k, 0) : 0), 0) * 0.3;
  } },
  { clip: "siren.wav", caption: "a siren, rising and falling", at: (t) =>
    0.3 * (Math.sin(2 * Math.PI * (900 * t - (300 / (2 * Math.PI * 1.2)) * Math.cos(2 * Math.PI * 1.2 * t))) > 0 ? 0.6 : -0.6) },
  { clip: "bell.wav", caption: "a bright bell in a light rain", at: (t, noise) =>
    0.02 * noise() + 0.3 * [1, 2.76, 5.4, 8.9].reduce((s, r, i) => s + Math.sin(2 * Math.PI * 520 * r * t) * Math.exp(-t * (1.5 + 2 * i)) / (1 + i), 0) },
];

/** A caricature of coding: fewer highs and more noise at a lower rate. */
function coded(samples, kbps, seed) {
  const noise = randomFrom(seed);
  const keep = 1 - Math.exp(-kbps / 2.5);
  let low = 0;
  return samples.map((x) => {
    low += (0.08 + 0.9 * keep) * (x - low);
    return low + 0.05 * (1 - keep) * noise();
  });
}

const FORMULAS = {
  mel_distance: (r) => 1.15 + 1.9 * r ** -0.42,
  stft_distance: (r) => 1.4 + 2.2 * r ** -0.35,
  waveform_l1: (r) => 0.012 + 0.05 * r ** -0.5,
  si_sdr_db: (r) => -6 + 4.6 * Math.log2(1 + r),
  visqol_moslqo: (r) => 4.6 - 2.9 * r ** -0.4,
};
const WORSE = { gaussian: 1, fixed_beta: 0.86, rvq: 0.8, opus: 0.36 };

/** Every distance at an effective rate. */
function distancesAt(kbps, family, random) {
  const wobble = 1 + (family === "opus" ? 0 : 0.14 * random());
  return Object.fromEntries(Object.entries(FORMULAS).map(([name, f]) => [name, Number(f(kbps * WORSE[family] * wobble).toPrecision(5))]));
}

function natsPerChannel(kbps, random) {
  const total = (1000 * kbps * Math.LN2) / 50;
  const shares = Array.from({ length: 32 }, (_, i) => Math.exp(-i / (3 + 2.2 * kbps ** 0.7)) * (1 + 0.25 * random()) + 0.0003);
  const sum = shares.reduce((a, b) => a + b, 0);
  const order = Array.from({ length: 32 }, (_, i) => (i * 13) % 32); // channels are not sorted by nature
  return order.map((i) => Number(((total * shares[i]) / sum).toPrecision(5)));
}

function curveOf(kbps, target, steps, random) {
  const step = Array.from({ length: 60 }, (_, i) => Math.round(((i + 1) * steps) / 60));
  const settle = (s) => 1 + 1.4 * Math.exp(-s / 120) * (1 + 0.3 * random());
  const curve = {
    step,
    "rec/mel": step.map((s) => Number((FORMULAS.mel_distance(kbps) * settle(s) * (1 + 0.02 * random())).toPrecision(5))),
    "rate/kbps": step.map((s) => Number((kbps * (1 + 4 * Math.exp(-s / 60)) * (1 + 0.04 * random())).toPrecision(5))),
    "rate/beta": step.map((s) => Number((0.6 * kbps ** -0.8 * (1 - 0.8 * Math.exp(-s / 200))).toPrecision(5))),
    // Logged at every tenth row alone.
    "valid/mel": step.map((s, i) => (i % 10 === 9 ? Number((FORMULAS.mel_distance(kbps) * settle(s)).toPrecision(5)) : null)),
  };
  if (target !== null) curve["rate/target_kbps"] = step.map(() => target);
  return curve;
}

function makePoint({ family, label, kbps, target = null, seed = 0, status = "done", why = "", sounds = true }, originals, folder) {
  const id = `${family}-${label.replace(/\s*(kbit\/s|codebooks?)/, "").replace(/[^\w.-]/g, "")}-seed${seed}`;
  const random = randomFrom(hash(id));
  const trained = family !== "opus";
  const point = {
    id, family, label, status, why, seed, steps: trained && status === "done" ? 1400 : 0, config_hash: trained ? hash(id).toString(16).padStart(8, "0") : "",
    config: trained ? `# made up\n[rate]\nlaw = "${family === "fixed_beta" ? "fixed" : "dual"}"\ntarget_kbps = ${target ?? 2}\n[run]\nseed = ${seed}\n` : "",
    target_kbps: target, rates: {}, distances: {}, clips: [], curve: { step: [] }, audio: [],
  };
  if (status === "failed") point.curve = Object.fromEntries(Object.entries(curveOf(kbps, target, 1400, random)).map(([name, list]) => [name, list.slice(0, 9)]));
  if (status !== "done") return point;
  const got = trained && family !== "rvq" ? kbps * (1 + 0.02 * random() + (kbps < 1 ? 0.16 : 0)) : kbps;
  if (family === "rvq") Object.assign(point.rates, { nominal_kbps: kbps, entropy_kbps: Number((kbps * 0.93).toPrecision(4)) });
  else if (family === "opus") point.rates.actual_kbps = Number((kbps * 1.04).toPrecision(4));
  else Object.assign(point.rates, {
    kl_kbps: Number(got.toPrecision(5)), informative_kbps: Number((got * 0.985).toPrecision(5)), predictive_kbps: Number((got * (0.7 + 0.02 * random())).toPrecision(5)),
  });
  point.distances = distancesAt(got, family, random);
  if (family === "rvq") delete point.distances.visqol_moslqo; // a distance that was not measured
  if (family === "gaussian" || family === "fixed_beta") {
    const nats = natsPerChannel(got, random);
    point.latent = { nats_per_channel: nats, active_channels: nats.filter((n) => n > 0.05).length, effective_rank: Number((4 + 3 * got).toPrecision(3)), lpc_gain_db: 4.2, spectral_decay: 0.61, shift_equivariance: 0.88, context_kl_kbps: Number((got * 0.97).toPrecision(4)) };
  }
  if (trained) point.curve = curveOf(got, target, 1400, random);
  point.clips = CLIPS.map(({ clip }) => ({ file: clip, seconds: SECONDS, rate_kbps: Number((got * (1 + 0.15 * random())).toPrecision(4)), distances: distancesAt(got, family, random) }));
  if (point.latent) for (const clip of point.clips) clip.informative_kbps = Number((clip.rate_kbps * 0.98).toPrecision(4));
  if (seed === 0 && sounds) {
    mkdirSync(join(folder, "audio", id), { recursive: true });
    for (const { clip } of CLIPS) {
      const file = `audio/${id}/${clip}`;
      point.audio.push({ clip, file });
      // A sound that results.json names but that is not there.
      if (family === "rvq" && clip === "siren.wav" && kbps === 2) continue;
      writeFileSync(join(folder, file), wav(coded(originals[clip], got * WORSE[family], hash(id + clip))));
    }
  }
  return point;
}

function specs() {
  const rate = (kbps) => `${kbps} kbit/s`;
  const list = [];
  for (const kbps of [0.5, 1, 2, 4, 8, 16]) {
    for (const seed of [0, 1, 2]) {
      const spec = { family: "gaussian", label: rate(kbps), kbps, target: kbps, seed };
      if (kbps === 8 && seed === 2) Object.assign(spec, { status: "failed", why: "step 214: the loss was not finite" });
      if (kbps === 16) Object.assign(spec, { status: "missing", why: "not run yet" });
      list.push(spec);
    }
  }
  for (const [beta, kbps] of [[0.1, 0.9], [0.01, 3.1], [0.001, 9.4]]) {
    for (const seed of [0, 1]) list.push({ family: "fixed_beta", label: `β = ${beta}`, kbps, seed });
  }
  for (const kbps of [0.5, 1, 2, 4]) {
    const codebooks = 2 * kbps;
    list.push({ family: "rvq", label: `${codebooks} codebook${codebooks === 1 ? "" : "s"}`, kbps, target: kbps, ...(kbps === 4 ? { status: "missing", why: "not run yet" } : {}) });
  }
  for (const kbps of [6, 12, 24]) list.push({ family: "opus", label: rate(kbps), kbps });
  return list;
}

export function makeStudy(folder) {
  mkdirSync(join(folder, "audio", "originals"), { recursive: true });
  const originals = {};
  for (const { clip, at } of CLIPS) {
    const noise = randomFrom(hash(clip));
    originals[clip] = times.map((t) => at(t, noise));
    writeFileSync(join(folder, "audio", "originals", clip), wav(originals[clip]));
  }
  const results = {
    format: "kilonat-study", version: 1, kind: "rd", name: "Made-up study for the page's tests", created: "2026-01-02T03:04:05Z",
    commands: ["kilonat study rd conf/study/made-up.toml --data sounds/", "kilonat report studies/made-up"],
    versions: { kilonat: "0.1.0", libtorch: "1.13.1", opus: "1.3.1" },
    data: { description: "No model was trained and nothing was measured: every figure comes from a formula, every sound from oscillators.", clips: CLIPS.length, seconds: CLIPS.length * SECONDS },
    distances: [
      { name: "mel_distance", label: "Mel distance", unit: "", better: "lower" },
      { name: "stft_distance", label: "STFT distance", unit: "", better: "lower" },
      { name: "waveform_l1", label: "Waveform L1", unit: "", better: "lower" },
      { name: "si_sdr_db", label: "SI-SDR", unit: "dB", better: "higher" },
      { name: "visqol_moslqo", label: "ViSQOL", unit: "MOS-LQO", better: "higher" },
    ],
    points: specs().map((spec) => makePoint(spec, originals, folder)),
    originals: CLIPS.map(({ clip, caption }) => ({ clip, file: `audio/originals/${clip}`, caption })),
  };
  writeFileSync(join(folder, "results.json"), JSON.stringify(results));
  return results;
}

/** A run folder: config, log, sounds. */
export function makeRun(folder) {
  mkdirSync(join(folder, "audio"), { recursive: true });
  const random = randomFrom(7);
  const { step, ...metrics } = curveOf(2, 2, 1400, random);
  writeFileSync(join(folder, "metrics.jsonl"), step.map((s, i) => JSON.stringify({
    step: s, time_s: 1.7e9 + i, ...Object.fromEntries(Object.entries(metrics).flatMap(([name, list]) => (list[i] === null ? [] : [[name, list[i]]]))),
    ...(i === 59 ? { "valid/kbps": 2.02, "valid/informative_kbps": 1.99 } : {}),
  })).join("\n") + "\n");
  writeFileSync(join(folder, "config.toml"), '[codec.bottleneck]\nkind = "gaussian"\n[rate]\nlaw = "dual"\ntarget_kbps = 2.0\n');
  CLIPS.slice(0, 2).forEach(({ clip, at }, i) => {
    const noise = randomFrom(hash(clip));
    const samples = times.map((t) => at(t, noise));
    writeFileSync(join(folder, "audio", `clip-${i}-original.wav`), wav(samples));
    writeFileSync(join(folder, "audio", `clip-${i}-reconstruction.wav`), wav(coded(samples, 2, i)));
  });
}

if (process.argv[1]?.endsWith("make_study.mjs")) {
  makeStudy(join(process.argv[2], "study"));
  makeRun(join(process.argv[2], "run"));
  makeGeneration(join(process.argv[2], "generation"));
  makeStudy(join(process.argv[2], "both"));
  makeGeneration(join(process.argv[2], "both"));
  makeLimit(join(process.argv[2], "limit"));
  makeLimit(join(process.argv[2], "both"), { wrong: true });
}
