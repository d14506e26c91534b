// What the weight of classifier-free guidance does at each rate.

import * as Plot from "@observablehq/plot";
import { dropdown, table } from "../dom";
import * as format from "../format";
import { STYLE } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { estimateText, metricTitle, pointName, ratesOf, shadeOf, type Estimate, type Generation, type GenerationPoint, type Metric } from "./data";

interface Row { guidance: number; estimate: Estimate; taken: boolean; colour: string; title: string }

function rowsOf(point: GenerationPoint, metric: Metric, colour: string): Row[] {
  return point.guidance_curve.flatMap(({ guidance, metrics }): Row[] => {
    const estimate = metrics[metric.id];
    if (!estimate) return [];
    const taken = guidance === point.guidance;
    return [{ guidance, estimate, taken, colour, title: `${pointName(point)}\nguidance ${guidance}${taken ? ", the one taken" : ""}\n${metric.label} ${estimateText(estimate)}` }];
  }).sort((a, b) => a.guidance - b.guidance);
}

/** Pixels between names at the ends of lines. */
const NAME_STEP = 14;

interface End extends Row { name: string }

/** Draws the names beside the ends of the lines, moved apart where they would touch. */
function withNames(options: Plot.PlotOptions, ends: End[]): SVGSVGElement {
  const scale = Plot.plot(options).scale("y") as unknown as { apply: (value: number) => number };
  const placed = ends.map((end) => ({ end, at: scale.apply(end.estimate.value), y: 0 })).sort((a, b) => a.at - b.at);
  placed.forEach((one, i) => { one.y = Math.max(one.at, (placed[i - 1]?.y ?? -Infinity) + NAME_STEP); });
  const names = placed.map(({ end, at, y }) => Plot.text([end], {
    x: "guidance", y: (d: End) => d.estimate.value, dx: 10, dy: y - at, textAnchor: "start", text: "name", fill: (d: End) => d.colour, fontWeight: 600,
  }));
  const marks = options.marks ?? [];
  return Plot.plot({ ...options, marks: [...marks.slice(0, -1), ...names, ...marks.slice(-1)] }) as SVGSVGElement;
}

export const hasGuidance = (data: Generation): boolean => data.points.some((p) => p.guidance_curve.length > 0);

export function guidance(data: Generation): Figure {
  const measured = data.metrics.filter((m) => data.points.some((p) => p.guidance_curve.some((g) => g.metrics[m.id])));
  let metric = measured.find((m) => m.id === data.best?.metric) ?? measured[0];
  const rates = ratesOf(data.points);

  const draw = (width: number) => {
    if (!metric) return { chart: null, empty: "No metric was measured at several weights." };
    const shown = metric;
    const lines = rates.flatMap((rate, i) => rate.points.map((p) => ({ rate, rows: rowsOf(p, shown, shadeOf(i, rates.length)) }))).filter((line) => line.rows.length > 0);
    const rows = lines.flatMap((line) => line.rows);
    if (rows.length === 0) return { chart: null, empty: `No point has ${shown.label} at several weights.` };
    const intervals = rows.filter((d) => d.estimate.low !== undefined && d.estimate.high !== undefined);
    const absent = rates.filter((rate) => !lines.some((line) => line.rate === rate)).map((rate) => rate.label);
    const ends = rates.flatMap((rate): End[] => {
      const last = lines.find((line) => line.rate === rate)?.rows.at(-1);
      return last ? [{ ...last, name: rate.label.replace(" kbit/s", "") }] : [];
    });
    const y = (d: Row) => d.estimate.value;
    const colour = (d: Row) => d.colour;
    const weights = [...new Set(rows.map((d) => d.guidance))].sort((a, b) => a - b);
    const chart = withNames({
      width, height: Math.max(270, Math.min(400, width * 0.6)), style: STYLE, marginLeft: 58, marginRight: 36, marginBottom: 44, marginTop: 28,
      x: { label: "Guidance weight", labelAnchor: "center", type: "linear", inset: 10, ticks: weights.length <= width / 40 ? weights : Math.min(8, width / 70), tickFormat: "~g" },
      y: { label: metricTitle(shown, width), grid: true, nice: true, inset: 10 },
      marks: [
        Plot.frame({ stroke: "var(--line)" }),
        ...lines.map((line) => Plot.line(line.rows, { x: "guidance", y, stroke: line.rows[0]!.colour, strokeWidth: 1.8, curve: "linear" })),
        Plot.ruleX(intervals, { x: "guidance", y1: (d: Row) => d.estimate.low!, y2: (d: Row) => d.estimate.high!, stroke: colour, strokeOpacity: 0.5 }),
        Plot.dot(rows, { x: "guidance", y, r: (d: Row) => (d.taken ? 5 : 3), stroke: colour, strokeWidth: 1.6, fill: (d: Row) => (d.taken ? d.colour : "var(--card)") }),
        Plot.tip(rows, Plot.pointer({ x: "guidance", y, title: "title", maxRadius: 30 })),
      ],
    }, ends);
    return {
      chart, notes: absent.length ? [`Without a guidance curve of this metric: ${absent.join(", ")}.`] : [],
      table: table(`${shown.label} at each guidance weight`, ["Point", "Guidance", shown.label],
        rates.flatMap((rate) => rate.points.flatMap((p) => p.guidance_curve.map((g) => [pointName(p), `${format.number(g.guidance)}${g.guidance === p.guidance ? " (taken)" : ""}`, estimateText(g.metrics[shown.id])])))),
    };
  };

  const frame = figure({
    id: "generation-guidance",
    title: "Guidance",
    lead: "A line for each generator, labelled with kbit/s, the stronger the colour, the higher the rate. Full dots: the weight that its figures elsewhere were measured at.",
    controls: measured.length > 1 ? [dropdown("Metric", measured.map((m) => ({ value: m.id, label: m.label })), metric!.id, (id) => {
      metric = measured.find((m) => m.id === id);
      frame.redraw();
    })] : [],
    draw,
  });
  return frame;
}
