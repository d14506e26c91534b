// How far codecs stay from what no codec can beat: curves, the points on them, the distance of each.

import * as Plot from "@observablehq/plot";
import { choice, h, table, type Cell } from "../dom";
import * as format from "../format";
import { STYLE, NARROW } from "../charts/common";
import { figure, swatch, type Figure } from "../charts/figure";
import { distortionDb, impossiblePoints, lookOf, sourceName, varianceOf, type Limit, type LimitPoint } from "./data";

interface Row { point: LimitPoint; x: number; y: number; low: number; high: number; title: string }
interface Place { x: number; y: number }

export const gapText = (point: LimitPoint): string => `${format.withError(point.gap_db, point.gap_db_standard_error)} dB`;

const listed = (values: number[]): string => [...new Set(values)].map((value) => value.toLocaleString("en")).join(" or ");

function titleOf(limit: Limit, point: LimitPoint): string {
  const snr = -distortionDb(varianceOf(limit, point.source), point.squared_error);
  return [
    point.id, `${format.number(point.bits_per_sample, 4)} bits per sample (asked: ${format.number(point.target_bits_per_sample, 4)})`,
    `${snr.toFixed(2)} dB signal to noise`, `${gapText(point)} above the limit`, ...(point.possible ? [] : ["impossible: rate or error is counted wrongly"]),
  ].join("\n");
}

/** What cannot be, in words; nothing if all is possible. */
function alarm(limit: Limit): HTMLElement | undefined {
  const wrong = impossiblePoints(limit);
  if (wrong.length === 0) return undefined;
  return h("aside", { class: "alarm", "aria-label": "Impossible points" },
    h("strong", {}, `${wrong.length} of ${limit.points.length} points ${wrong.length === 1 ? "lies" : "lie"} below the limit, which is impossible. `),
    "By more than three standard errors: rate or squared error is counted wrongly.",
    h("ul", {}, wrong.map((point) => h("li", {}, h("code", {}, point.id), `: ${gapText(point)}`))));
}

function notesOf(limit: Limit): string[] {
  const { points } = limit;
  if (points.length === 0) return [];
  const seeds = listed(points.map((p) => p.seed));
  return [
    ...(impossiblePoints(limit).length ? [] : ["No point lies below its curve by more than three standard errors."]),
    `${listed(points.map((p) => p.clips))} held-out clips a point; ± is one standard error over clips, of rate and error together. ` +
      `${listed(points.map((p) => p.steps))} steps, seed ${seeds}: how far another training would end elsewhere is not in it.`,
    ...(limit.missing.length ? [`Not measured yet: ${limit.missing.join(", ")}.`] : []),
  ];
}

function stateOf(point: LimitPoint): HTMLElement {
  const text = point.possible ? (point.gap_db >= 0 ? "above" : "within error") : "impossible";
  return h("span", { class: `status ${point.possible ? "done" : "failed"}` }, text);
}

function numbersOf(limit: Limit): HTMLElement {
  const measured = limit.points.map((p): Cell[] => [
    h("code", {}, p.id), format.withError(p.gap_db, p.gap_db_standard_error), stateOf(p), format.withError(p.gap_bits_per_sample, p.gap_bits_standard_error),
    format.number(p.target_bits_per_sample, 4), format.number(p.bits_per_sample, 4), format.number(p.informative_bits_per_sample, 4),
    (-distortionDb(varianceOf(limit, p.source), p.squared_error)).toFixed(2)]);
  const missing = limit.missing.map((id): Cell[] => [h("code", {}, id), format.DASH, h("span", { class: "status missing" }, "missing"), ...Array<string>(5).fill(format.DASH)]);
  return table("Every point and its distance from Shannon's limit", [
    "Point", "Above the limit, dB", "State", "Above it, bits per sample", "Asked, bits per sample", "KL rate", "Informative", "SNR, dB"], [...measured, ...missing]);
}

/** A line a source and its measured points, what is impossible crossed out. */
function pointMarks(limit: Limit, rows: Row[]): Plot.Markish[] {
  const wrong = rows.filter((row) => !row.point.possible);
  return [
    ...limit.curves.map(({ source }) => Plot.dot(rows.filter((row) => row.point.source === source), {
      x: "x", y: "y", r: 5, fill: lookOf(limit, source).colour, symbol: lookOf(limit, source).symbol, stroke: "var(--card)", strokeWidth: 1,
    })),
    Plot.dot(wrong, { x: "x", y: "y", r: 11, stroke: "var(--bad)", strokeWidth: 2, className: "impossible" }),
    Plot.dot(wrong, { x: "x", y: "y", r: 6, stroke: "var(--bad)", strokeWidth: 2, symbol: "times" }),
    Plot.text(wrong, { x: "x", y: "y", dy: 21, text: () => "impossible", fill: "var(--bad)", fontWeight: 600, stroke: "var(--card)", strokeWidth: 4 }),
    Plot.tip(rows, Plot.pointer({ x: "x", y: "y", title: "title", maxRadius: 30 })),
  ];
}

const X_AXIS: Plot.ScaleOptions = { label: "KL rate [bits per sample]", labelAnchor: "center", grid: true };

function curveChart(limit: Limit, width: number): SVGSVGElement {
  const rows = limit.points.map((point): Row => {
    const y = distortionDb(varianceOf(limit, point.source), point.squared_error);
    return { point, x: point.bits_per_sample, y, low: y, high: y, title: titleOf(limit, point) };
  });
  const curves = limit.curves.map(({ source, variance, bits_per_sample, squared_error }) => ({
    source, places: bits_per_sample.map((x, i): Place => ({ x, y: distortionDb(variance, squared_error[i]!) })),
  }));
  return Plot.plot({
    width, height: Math.max(320, Math.min(460, width * 0.5)), style: STYLE, marginLeft: 52, marginBottom: 44, marginTop: 28, marginRight: 16,
    x: { ...X_AXIS, ticks: Math.min(8, width / 70) },
    y: { label: width < NARROW ? "Squared error [dB]" : "Squared error [dB of the source's power], lower is better", grid: true, nice: true },
    marks: [
      Plot.frame({ stroke: "var(--line)" }),
      ...curves.map(({ source, places }) => Plot.line(places, { x: "x", y: "y", stroke: lookOf(limit, source).colour, strokeWidth: 1.8 })),
      ...pointMarks(limit, rows),
    ],
  }) as SVGSVGElement;
}

function distanceChart(limit: Limit, width: number): SVGSVGElement {
  const rows = limit.points.map((point): Row => ({
    point, x: point.bits_per_sample, y: point.gap_db, low: point.gap_db - point.gap_db_standard_error,
    high: point.gap_db + point.gap_db_standard_error, title: titleOf(limit, point),
  }));
  return Plot.plot({
    width, height: Math.max(300, Math.min(400, width * 0.45)), style: STYLE, marginLeft: 52, marginBottom: 44, marginTop: 28, marginRight: 16,
    x: { ...X_AXIS, ticks: Math.min(8, width / 70), domain: [0, 1.08 * Math.max(...rows.map((row) => row.x))] },
    y: { label: "Above the limit [dB], bars: ± one standard error", grid: true, nice: true, inset: 14 },
    marks: [
      Plot.frame({ stroke: "var(--line)" }), Plot.ruleY([0], { stroke: "var(--ink)" }),
      ...limit.curves.map(({ source }) => Plot.line(rows.filter((row) => row.point.source === source), {
        x: "x", y: "y", sort: "x", stroke: lookOf(limit, source).colour, strokeWidth: 1.2, strokeOpacity: 0.6,
      })),
      Plot.ruleX(rows, { x: "x", y1: "low", y2: "high", stroke: (row: Row) => lookOf(limit, row.point.source).colour, strokeWidth: 1.6 }),
      ...pointMarks(limit, rows),
    ],
  }) as SVGSVGElement;
}

export function shannonLimit(limit: Limit): Figure {
  let view: "curve" | "distance" = "curve";
  const frame = figure({
    id: "shannon",
    title: "Distance from Shannon's limit",
    lead: "For a Gaussian source and the squared error, the least rate for each error is known in closed form: the lines. A codec can lie on its line or above it, never below; how far above is what it wastes.",
    alarm: alarm(limit),
    controls: [
      choice("Show", [{ value: "curve", label: "Curves" }, { value: "distance", label: "Distance" }], view, (taken) => {
        view = taken;
        frame.redraw();
      }),
      h("div", { class: "key" }, limit.curves.map(({ source }) => h("span", {}, swatch(lookOf(limit, source).colour, lookOf(limit, source).symbol), sourceName(source)))),
    ],
    open: true,
    draw: (width) => (limit.points.length === 0
      ? { chart: null, empty: "No point is measured yet.", notes: notesOf(limit) }
      : { chart: view === "curve" ? curveChart(limit, width) : distanceChart(limit, width), notes: notesOf(limit), table: numbersOf(limit) }),
  });
  return frame;
}
