// What the charts share: look, rate axes, error bars, labels at the ends of lines.

import * as Plot from "@observablehq/plot";
import { FAMILY_SYMBOLS, familyColor, shortName, type Spread } from "../data";
import { tick } from "../format";

export const STYLE = { fontFamily: "inherit", fontSize: "12.5px", background: "transparent", color: "inherit", overflow: "visible" };

export const symbolOf = (family: string): Plot.SymbolType => (FAMILY_SYMBOLS[family] ?? "circle") as Plot.SymbolType;

/** Powers of two within the values, as far as they have room; a little air at both ends. */
export function rateScale(label: string, values: number[], width: number): Plot.ScaleOptions {
  const positive = values.filter((value) => value > 0);
  const low = Math.min(...positive) / 1.25;
  const high = Math.max(...positive) * 1.25;
  const ticks: number[] = [];
  for (let power = Math.ceil(Math.log2(low)); 2 ** power <= high; power++) ticks.push(2 ** power);
  const step = Math.ceil(ticks.length / Math.max(2, width / 55));
  return {
    type: "log", base: 2, domain: [low, high], label, labelAnchor: "center",
    ticks: ticks.filter((_, i) => i % step === 0), tickFormat: tick, grid: true,
  };
}

/** A setting in a chart: where its mean lies and how far it spreads. */
export interface Dot { family: string; label: string; x: Spread; y: Spread; title: string }

/** The ends of an error bar; on a log axis it may not reach zero. */
const low = (s: Spread): number => Math.max(s.mean - (s.sd ?? 0), s.mean > 0 ? s.mean / 100 : -Infinity);
const high = (s: Spread): number => s.mean + (s.sd ?? 0);

/** One line, dots and error bars a family; single seeds behind them, faint. */
export function spreadMarks(dots: Dot[]): Plot.Markish[] {
  const stroke = (d: { family: string }) => familyColor(d.family);
  const sorted = [...dots].sort((a, b) => a.x.mean - b.x.mean);
  const several = sorted.filter((d) => d.x.n > 1 && d.y.n > 1);
  const seeds = several.flatMap((d) => d.x.values.length === d.y.values.length
    ? d.x.values.map((x, i) => ({ family: d.family, x, y: d.y.values[i]! })) : []);
  const families = [...new Set(sorted.map((d) => d.family))];
  return [
    ...families.map((family) => Plot.line(sorted.filter((d) => d.family === family), {
      x: (d: Dot) => d.x.mean, y: (d: Dot) => d.y.mean, stroke: familyColor(family), strokeWidth: 2, strokeOpacity: 0.75,
      curve: "linear",
    })),
    Plot.ruleX(several, { x: (d: Dot) => d.x.mean, y1: (d: Dot) => low(d.y), y2: (d: Dot) => high(d.y), stroke, strokeWidth: 1.6 }),
    Plot.ruleY(several, { y: (d: Dot) => d.y.mean, x1: (d: Dot) => low(d.x), x2: (d: Dot) => high(d.x), stroke, strokeWidth: 1.6 }),
    Plot.dot(seeds, { x: "x", y: "y", stroke, strokeOpacity: 0.55, r: 2.2 }),
    ...families.map((family) => Plot.dot(sorted.filter((d) => d.family === family), {
      x: (d: Dot) => d.x.mean, y: (d: Dot) => d.y.mean, fill: familyColor(family), symbol: symbolOf(family), r: 5,
      stroke: "var(--card)", strokeWidth: 1,
    })),
    Plot.tip(sorted, Plot.pointer({ x: (d: Dot) => d.x.mean, y: (d: Dot) => d.y.mean, title: "title", maxRadius: 30 })),
  ];
}

/** A symbol for what is missing, where it was to be, at the foot of the chart. */
export function missingMarks(rows: { x: number; family: string; title: string }[]): Plot.Markish[] {
  return [
    Plot.dot(rows, {
      x: "x", frameAnchor: "bottom", dy: -8, symbol: "times", r: 5, strokeWidth: 2.2,
      stroke: (d: { family: string }) => familyColor(d.family),
    }),
    Plot.tip(rows, Plot.pointerX({ x: "x", frameAnchor: "bottom", title: "title", maxRadius: 12, anchor: "bottom" } as Plot.TipOptions)),
  ];
}

/** Charts under this width [pixels] have no names beside their lines. */
export const NARROW = 480;

/** Room that a family's name takes [pixels]. */
const LABEL_WIDTH = 70;

/** The families' names beside the last dots of their lines, moved apart where they would touch. The last mark, a tip, stays on top. */
export function withEndLabels(options: Plot.PlotOptions, dots: Dot[]): SVGSVGElement {
  const plain = Plot.plot(options);
  if ((options.width ?? 0) < NARROW) return plain as SVGSVGElement; // the legend must do
  const place = (axis: "x" | "y", value: number) => (plain.scale(axis) as unknown as { apply: (value: number) => number }).apply(value);
  const last = new Map<string, Dot>();
  for (const dot of dots) {
    const other = last.get(dot.family);
    if (!other || dot.x.mean > other.x.mean) last.set(dot.family, dot);
  }
  const labels = [...last.values()].map((dot) => ({ dot, x: place("x", dot.x.mean), at: place("y", dot.y.mean), y: 0 })).sort((a, b) => a.at - b.at);
  labels.forEach((label, i) => {
    const near = labels.slice(0, i).filter((other) => Math.abs(other.x - label.x) < LABEL_WIDTH);
    label.y = Math.max(label.at, ...near.map((other) => other.y + 15));
  });
  const names = labels.map(({ dot, at, y }) => Plot.text([dot], {
    x: (d: Dot) => d.x.mean, y: (d: Dot) => d.y.mean, dx: 10, dy: y - at, text: () => shortName(dot.family),
    textAnchor: "start", fill: familyColor(dot.family), fontWeight: 600, stroke: "var(--card)", strokeWidth: 4,
  }));
  const marks = options.marks ?? [];
  return Plot.plot({ ...options, marks: [...marks.slice(0, -1), ...names, ...marks.slice(-1)] }) as SVGSVGElement;
}
