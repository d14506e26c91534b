// Generation quality against rate: the chart that the generation study is about.

import * as Plot from "@observablehq/plot";
import { choice, dropdown, table, toggle } from "../dom";
import { spreadOf, type Spread } from "../data";
import * as format from "../format";
import { NARROW, STYLE, missingMarks, rateScale } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { absentPoints, estimateText, metricTitle, pointName, RATE_KINDS, ratesOf, whyNotDone, type Estimate, type Generation, type GenerationPoint, type Metric } from "./data";

interface SeedDot { x: number; dx: number; estimate: Estimate; title: string }
interface MeanDot { label: string; target: number | null; x: Spread; y: Spread; title: string }
interface Line { name: string; value: number; colour: string }

/** Pixels from a rate's mean to its i-th seed of n: apart from each other, and from the mean where they can be. */
const seedOffset = (i: number, n: number): number => (i - (n - 1) / 2) * (n === 2 ? 16 : 11);

const anchorColour = (id: string): string => (id === "real" ? "var(--good)" : id === "reconstruction" ? "var(--other)" : "var(--muted)");

/** All that the chart shows for a metric and a rate. */
function content(data: Generation, metric: Metric, kind: string) {
  const usable = (p: GenerationPoint) => p.status === "done" && (p.rates[kind] ?? 0) > 0 && p.metrics[metric.id] !== undefined;
  const rates = ratesOf(data.points).map((rate) => ({ ...rate, shown: rate.points.filter(usable) })).filter((rate) => rate.shown.length > 0);
  const means = rates.map((rate): MeanDot => {
    const x = spreadOf(rate.shown.map((p) => p.rates[kind]))!;
    const y = spreadOf(rate.shown.map((p) => p.metrics[metric.id]!.value))!;
    return { label: rate.label, target: rate.target, x, y, title: `${rate.label}\n${format.spread(x)} kbit/s\n${metric.label} ${format.spread(y)}\n${y.n === 1 ? "one point" : `mean of ${y.n} points`}` };
  });
  const seeds = rates.flatMap((rate) => rate.shown.map((p, i): SeedDot => ({
    x: p.rates[kind]!, dx: seedOffset(i, rate.shown.length), estimate: p.metrics[metric.id]!,
    title: `${pointName(p)}\n${format.number(p.rates[kind])} kbit/s\n${metric.label} ${estimateText(p.metrics[metric.id])}`,
  })));
  const reconstruction = ratesOf(data.points).flatMap((rate) => {
    const own = rate.points.filter((p) => (p.rates[kind] ?? 0) > 0 && p.reconstruction[metric.id] !== undefined);
    const x = spreadOf(own.map((p) => p.rates[kind]));
    const y = spreadOf(own.map((p) => p.reconstruction[metric.id]!.value));
    return x && y ? [{ x: x.mean, y: y.mean, title: `Real clips through the codec, ${rate.label}\n${metric.label} ${format.spread(y)}` }] : [];
  });
  const anchors = data.anchors.flatMap((a): Line[] => {
    const value = a.metrics[metric.id]?.value;
    return value === undefined ? [] : [{ name: a.id, value, colour: anchorColour(a.id) }];
  });
  return { means, seeds, reconstruction, anchors };
}

type Content = ReturnType<typeof content>;

/** Values that must be on the axis; far anchors only if they are asked for. */
function extentOf({ seeds, reconstruction, anchors }: Content, all: boolean): [number, number] {
  const own = seeds.flatMap(({ estimate: e }) => [e.value, e.low ?? e.value, e.high ?? e.value]);
  const values = [...own, ...reconstruction.map((r) => r.y), ...anchors.filter((a) => all || a.name === "real").map((a) => a.value)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) / 10, high + (Math.abs(high) || 1) / 10]; // one value is no axis
}

/** Anchors beyond what the points take up would leave the points no room. */
const isFar = (content: Content): boolean => {
  const [low, high] = extentOf(content, false);
  const [lowest, highest] = extentOf(content, true);
  return highest - lowest > 4 * (high - low);
};

function missing(data: Generation, metric: Metric, kind: (typeof RATE_KINDS)[number]) {
  return absentPoints(data.points, (p) => {
    const why = whyNotDone(p);
    if (why !== null) return why;
    const rate = p.rates[kind.key];
    if (rate === undefined) return `${kind.label} rate not measured`;
    if (rate <= 0) return `${kind.label} rate ${rate}, which has no place on the axis`;
    return p.metrics[metric.id] === undefined ? `${metric.label} not measured` : null;
  });
}

function bestMarks(data: Generation, metric: Metric, means: MeanDot[], width: number): Plot.Markish[] {
  const { best } = data;
  if (!best || best.metric !== metric.id) return [];
  const dot = means.find((d) => d.target === best.target_kbps);
  if (!dot) return [];
  const share = best.share.find((s) => s.target_kbps === best.target_kbps)?.share;
  const text = `best${share === undefined ? "" : `, ${Math.round(100 * share)} % of draws`}`;
  const x = (d: MeanDot) => d.x.mean;
  return [
    Plot.ruleX([dot], { x, stroke: "var(--accent)", strokeOpacity: 0.28, strokeWidth: 9 }),
    Plot.dot([dot], { x, y: (d: MeanDot) => d.y.mean, r: 10, stroke: "var(--accent)", strokeWidth: 2.2 }),
    Plot.text([dot], { x, frameAnchor: "top", dy: 12, text: () => (width < NARROW ? "best" : text), fill: "var(--accent)", fontWeight: 650, stroke: "var(--card)", strokeWidth: 5 }),
  ];
}

function marks(shown: Content, log: boolean, bounds: [number, number], x: [number, number]): Plot.Markish[] {
  const { means, seeds, reconstruction } = shown;
  const anchors = shown.anchors.filter((a) => a.value >= bounds[0] && a.value <= bounds[1]);
  // On a logarithmic axis an interval that reaches zero has no end: it is drawn to the axis' foot.
  const low = (d: SeedDot) => (log && d.estimate.low! <= 0 ? bounds[0] : d.estimate.low!);
  const intervals = seeds.filter((d) => d.estimate.low !== undefined && d.estimate.high !== undefined);
  const each = <T extends SeedDot>(list: T[], make: (one: T[], dx: number) => Plot.Markish) =>
    [...new Set(list.map((d) => d.dx))].map((dx) => make(list.filter((d) => d.dx === dx), dx));
  return [
    ...anchors.map((a) => Plot.ruleY([a.value], { stroke: a.colour, strokeDasharray: "5 4", strokeWidth: 1.4 })),
    Plot.text(anchors, { x: () => x[0], y: "value", text: "name", fill: (d: Line) => d.colour, textAnchor: "start", dx: 5, dy: -7, stroke: "var(--card)", strokeWidth: 4 }),
    Plot.line(reconstruction, { x: "x", y: "y", stroke: "var(--other)", strokeWidth: 1.5, strokeDasharray: "2 3" }),
    Plot.dot(reconstruction, { x: "x", y: "y", symbol: "square", r: 4, stroke: "var(--other)", fill: "var(--card)", strokeWidth: 1.8 }),
    Plot.line(means, { x: (d: MeanDot) => d.x.mean, y: (d: MeanDot) => d.y.mean, stroke: "var(--gaussian)", strokeWidth: 2, strokeOpacity: 0.75, curve: "linear" }),
    ...each(intervals, (one, dx) => Plot.ruleX(one, { x: "x", dx, y1: low, y2: (d: SeedDot) => d.estimate.high!, stroke: "var(--gaussian)", strokeWidth: 1.5 })),
    ...each(seeds, (one, dx) => Plot.dot(one, { x: "x", dx, y: (d: SeedDot) => d.estimate.value, r: 2.6, stroke: "var(--gaussian)", fill: "var(--card)" })),
    Plot.dot(means, { x: (d: MeanDot) => d.x.mean, y: (d: MeanDot) => d.y.mean, fill: "var(--gaussian)", r: 5, stroke: "var(--card)" }),
  ];
}

function tableOf(data: Generation, metric: Metric): HTMLElement {
  const rows = data.points.map((p) => [pointName(p), ...RATE_KINDS.map((k) => format.number(p.rates[k.key])), estimateText(p.metrics[metric.id]), estimateText(p.reconstruction[metric.id])]);
  const dashes = RATE_KINDS.map(() => format.DASH);
  const anchors = data.anchors.map((a) => [a.label, ...dashes, estimateText(a.metrics[metric.id]), format.DASH]);
  return table(`${metric.label} of every point and anchor`, ["Point", ...RATE_KINDS.map((k) => `${k.label}, kbit/s`), metric.label, "Reconstruction"], [...rows, ...anchors], 1);
}

export function quality(data: Generation): Figure {
  let metric = data.metrics.find((m) => m.id === data.best?.metric) ?? data.metrics[0]!;
  let kind = RATE_KINDS.find((k) => data.points.some((p) => p.rates[k.key] !== undefined)) ?? RATE_KINDS[0]!;
  let scale: "linear" | "log" = "linear";
  let all: boolean | null = null; // nothing chosen: as there is room

  const draw = (width: number) => {
    const shown = content(data, metric, kind.key);
    const absent = missing(data, metric, kind);
    const rows = absent.flatMap((a) => (a.target === null ? [] : [{ x: a.target, family: "gaussian", title: a.text }]));
    const notes = absent.length ? [`Not measured, and so not drawn as points (× at the rate asked for): ${absent.map((a) => a.text).join("; ")}.`] : [];
    if (metric.note) notes.push(`${metric.label}: ${metric.note}`);
    if (shown.means.length === 0) return { chart: null, empty: `No point has both ${metric.label} and this rate.`, notes, table: tableOf(data, metric) };
    const withFar = all ?? !isFar(shown);
    far.setAttribute("aria-pressed", String(withFar));
    const [low, high] = extentOf(shown, withFar);
    const log = scale === "log" && low > 0;
    if (scale === "log" && !log) notes.push("Some values are not above zero: the axis stays linear.");
    const bounds: [number, number] = [log ? low / 1.3 : low, log ? high * 1.3 : high];
    const beyond = shown.anchors.filter((a) => a.value < bounds[0] || a.value > bounds[1]);
    if (beyond.length) notes.push(`Beyond the axis: ${beyond.map((a) => `${a.name} ${format.number(a.value)}`).join(", ")}.`);
    const gone = data.anchors.filter((a) => a.metrics[metric.id] === undefined).map((a) => a.id);
    if (gone.length) notes.push(`Without this metric: ${gone.join(", ")}.`);
    if (data.best && data.best.metric !== metric.id) notes.push(`The best rate was told by ${data.metrics.find((m) => m.id === data.best!.metric)?.label}: it is marked there.`);
    if (data.best?.metric === metric.id && !shown.means.some((d) => d.target === data.best!.target_kbps)) {
      notes.push(`The best rate, ${format.tick(data.best.target_kbps)} kbit/s, has no point on this axis.`);
    }
    const xs = [...shown.means.map((d) => d.x.mean), ...shown.seeds.map((d) => d.x), ...shown.reconstruction.map((r) => r.x), ...rows.map((r) => r.x)];
    const x = rateScale(`${kind.label} rate [kbit/s], logarithmic`, xs, width);
    const chart = Plot.plot({
      width, height: Math.max(330, Math.min(540, width * 0.52)), style: STYLE, marginLeft: 58, marginRight: 14, marginBottom: 44, marginTop: 28,
      x, y: { label: metricTitle(metric, width), grid: true, inset: 16, type: log ? "log" : "linear", ...(log ? { domain: bounds, ticks: 5, tickFormat: "~g" } : { domain: bounds, nice: true }) },
      marks: [
        Plot.frame({ stroke: "var(--line)" }), ...bestMarks(data, metric, shown.means, width), ...missingMarks(rows),
        ...marks(shown, log, bounds, x.domain as [number, number]),
        Plot.tip([...shown.means.map((d) => ({ x: d.x.mean, y: d.y.mean, title: d.title })), ...shown.seeds.map((d) => ({ x: d.x, y: d.estimate.value, title: d.title })), ...shown.reconstruction],
          Plot.pointer({ x: "x", y: "y", title: "title", maxRadius: 30 })),
      ],
    }) as SVGSVGElement;
    return { chart, notes, table: tableOf(data, metric) };
  };

  const far = toggle("All anchors on the axis", true, (pressed) => {
    all = pressed;
    frame.redraw();
  });
  const frame = figure({
    id: "generation-quality",
    title: "Generation quality and rate",
    lead: "Full dots: means over the generators of a rate; rings: each of them, bars: its bootstrap interval. Squares, dotted: real clips through the same codec. " +
      "Dashed: anchors. Nothing was measured between dots.",
    controls: [
      dropdown("Metric", data.metrics.map((m) => ({ value: m.id, label: m.label })), metric.id, (id) => {
        metric = data.metrics.find((m) => m.id === id)!;
        all = null;
        frame.redraw();
      }),
      choice("Rate", RATE_KINDS.map((k) => ({ value: k.key, label: k.label, title: k.note })), kind.key, (key) => {
        kind = RATE_KINDS.find((k) => k.key === key)!;
        frame.redraw();
      }),
      choice("Axis", [{ value: "linear", label: "Linear" }, { value: "log", label: "Log" }], scale, (taken) => {
        scale = taken;
        frame.redraw();
      }),
      far,
    ],
    draw,
  });
  return frame;
}
