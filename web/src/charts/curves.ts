// Training curves: one metric of all points of a study, or all metrics of a run.

import * as Plot from "@observablehq/plot";
import { choice, dropdown } from "../dom";
import { familyName, settingName, settingsOf, sortKey, type Curve, type Point, type Results } from "../data";
import * as format from "../format";
import { shade } from "./channels";
import { STYLE } from "./common";
import { figure, type Families, type Figure } from "./figure";

export interface Entry { step: number; value: number; name: string; colour: string; dashed: boolean }

export function entries(point: { curve: Curve }, metric: string, name: string, colour: string, dashed = false): Entry[] {
  return (point.curve[metric] ?? []).flatMap((value, i) =>
    value === null ? [] : [{ step: point.curve.step[i]!, value, name, colour, dashed }]);
}

const GROUPS = ["rate", "rec", "valid", "adv", "vq", "optim", "guard", "final"];

/** What tells most first. */
const rank = (metric: string): number => {
  const place = GROUPS.indexOf(metric.split("/")[0]!);
  return place < 0 ? GROUPS.length : place;
};

const metricsOf = (points: Point[]): string[] =>
  [...new Set(points.flatMap((p) => Object.keys(p.curve)))].filter((name) => name !== "step")
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

export const hasCurves = (points: Point[]): boolean => metricsOf(points).length > 0;

export function plotLines(lines: Entry[][], metric: string, log: boolean, width: number, height: number, lastStep?: number): SVGSVGElement {
  const drawable = lines.map((line) => line.filter((e) => !log || e.value > 0));
  return Plot.plot({
    width, height, style: STYLE, marginLeft: 52, marginBottom: 40, marginTop: 26, marginRight: 16,
    x: { label: "Step", labelAnchor: "center", type: "linear", domain: lastStep ? [0, lastStep] : undefined, ticks: Math.max(2, width / 110), tickFormat: (step: number) => step.toLocaleString("en") },
    y: { label: metric, type: log ? "log" : "linear", grid: true, ...(log ? { ticks: 4, tickFormat: "~g" } : { nice: true, ticks: Math.max(3, height / 60), tickFormat: (v: number) => v.toLocaleString("en", { maximumSignificantDigits: 4 }) }) },
    marks: [
      Plot.frame({ stroke: "var(--line)" }),
      ...drawable.map((line) => (line.length > 1
        ? Plot.lineY(line, { x: "step", y: "value", stroke: line[0]!.colour, strokeWidth: 1.6, strokeDasharray: line[0]!.dashed ? "5 3" : undefined })
        : Plot.dot(line, { x: "step", y: "value", fill: "colour", r: 4 }))),
      Plot.tip(drawable.flat(), Plot.pointer({ x: "step", y: "value", maxRadius: 40, title: (d: Entry) => `${d.name}\nstep ${d.step}: ${format.number(d.value, 4)}` })),
    ],
  }) as SVGSVGElement;
}

export function thinningNote(points: { curve_rows_per_entry: number }[]): string[] {
  const rows = Math.max(...points.map((p) => p.curve_rows_per_entry ?? 1));
  return rows > 1 ? [`Each point of a line is the mean of up to ${rows} consecutive rows of the log.`] : [];
}

/** All points of a study in one chart; the metric is chosen. */
export function studyCurves(results: Results, families: Families): Figure {
  const metrics = metricsOf(results.points);
  let metric = ["rate/kbps", "rec/mel"].find((name) => metrics.includes(name)) ?? metrics[0] ?? "";
  let scale: "log" | "linear" = "log";

  const draw = (width: number) => {
    const points = results.points.filter((p) => families.shows(p.family) && (p.curve[metric] ?? []).some((v) => v !== null));
    if (points.length === 0) return { chart: null, empty: `No shown point logged ${metric}.` };
    const lines = [...new Set(points.map((p) => p.family))].flatMap((family) => {
      const settings = settingsOf(points.filter((p) => p.family === family)).sort((a, b) => sortKey(a.points[0]!) - sortKey(b.points[0]!));
      return settings.flatMap((s, i) => s.points.map((p) => entries(p, metric,
        `${settingName(family, p.label)}, seed ${p.seed}${p.status === "done" ? "" : `, ${p.status}`}`, shade(family, i, settings.length), p.status !== "done")));
    });
    return {
      chart: plotLines(lines, metric, scale === "log", width, Math.max(300, Math.min(460, width * 0.5))),
      notes: [`${lines.length} runs, every seed a line: ${[...new Set(points.map((p) => familyName(p.family)))].join(", ")}; the stronger the colour, the higher the rate. Dashed: did not finish.`, ...thinningNote(points)],
    };
  };

  const frame = figure({
    id: "curves", title: "Training curves",
    lead: "What the runs logged, step by step. Losses are those of the training batches, unweighted; names as in metrics.jsonl.",
    controls: [
      dropdown("Metric", metrics.map((name) => ({ value: name, label: name })), metric, (taken) => {
        metric = taken;
        frame.redraw();
      }),
      choice("Axis", [{ value: "log", label: "Log" }, { value: "linear", label: "Linear" }], scale, (taken) => {
        scale = taken;
        frame.redraw();
      }),
      families.legend(),
    ],
    draw,
  });
  families.onChange(frame.redraw);
  return frame;
}

/** Every metric of one run, each in a small chart. */
export function runCurves(results: Results): Figure[] {
  const point = results.points[0]!;
  const shown = metricsOf([point]).filter((name) => name !== "rate/target_kbps");
  return shown.map((metric) => figure({
    id: `curve-${metric.replaceAll(/\W/g, "-")}`, title: metric, lead: "",
    draw: (width) => {
      const line = entries(point, metric, metric, "var(--gaussian)");
      const target = metric === "rate/kbps" ? entries(point, "rate/target_kbps", "target", "var(--muted)", true) : [];
      if (line.length === 0) return { chart: null, empty: "Nothing was logged." };
      const values = line.map((e) => e.value);
      const log = Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
      return {
        chart: plotLines([line, target].filter((l) => l.length > 0), log ? `${metric}, logarithmic` : metric, log, width, 220, point.curve.step.at(-1)),
      };
    },
  }));
}
