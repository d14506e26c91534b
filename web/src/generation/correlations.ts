// Does what is known of the latents tell how well they can be generated?

import * as Plot from "@observablehq/plot";
import { dropdown, table } from "../dom";
import * as format from "../format";
import { STYLE } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { measureName, type Correlation, type Generation } from "./data";

const text = (c: Correlation): string => {
  if (c.spearman === undefined) return format.DASH;
  const interval = c.low === undefined || c.high === undefined ? "" : ` [${format.number(c.low, 2)}, ${format.number(c.high, 2)}]`;
  return `${format.number(c.spearman, 2)}${interval}`;
};

export function correlations(data: Generation): Figure {
  const metrics = data.metrics.filter((m) => data.correlations.some((c) => c.metric === m.id));
  let metric = metrics.find((m) => m.id === data.best?.metric) ?? metrics[0];

  const draw = (width: number) => {
    const all = table("Spearman's rank correlation of each measure with each metric", ["Measure", "Metric", "Spearman", "Points"],
      data.correlations.map((c) => [measureName(c.measure), data.metrics.find((m) => m.id === c.metric)?.label ?? c.metric, text(c), c.points === undefined ? format.DASH : String(c.points)]), 2);
    const own = data.correlations.filter((c) => c.metric === metric?.id);
    const known = own.filter((c) => c.spearman !== undefined);
    if (known.length === 0) return { chart: null, empty: "No correlation is known.", table: data.correlations.length ? all : null };
    const names = own.map((c) => measureName(c.measure));
    const y = (c: Correlation) => measureName(c.measure);
    const chart = Plot.plot({
      width, height: 76 + 28 * own.length, style: STYLE, marginLeft: Math.min(width * 0.42, 20 + 6.7 * Math.max(...names.map((n) => n.length))), marginRight: 14, marginTop: 8, marginBottom: 44,
      x: { domain: [-1, 1], label: width < 480 ? "Spearman correlation" : `Spearman correlation with ${metric!.label}`, labelAnchor: "center", grid: true, inset: 6, ticks: width < 420 ? 3 : 9 },
      y: { type: "point", domain: names, label: null, tickSize: 0 },
      marks: [
        Plot.ruleY(names, { stroke: "var(--line)" }), Plot.ruleX([0], { stroke: "var(--muted)" }),
        Plot.ruleY(known.filter((c) => c.low !== undefined && c.high !== undefined), { y, x1: "low", x2: "high", stroke: "var(--gaussian)", strokeWidth: 2 }),
        Plot.dot(known, { x: "spearman", y, r: 5, fill: "var(--gaussian)", stroke: "var(--card)" }),
        Plot.text(own.filter((c) => c.spearman === undefined), { x: () => 0, y, text: () => "not known", fill: "var(--muted)", fontStyle: "italic", stroke: "var(--card)", strokeWidth: 4 }),
        Plot.tip(known, Plot.pointer({ x: "spearman", y, maxRadius: 30, title: (c: Correlation) => `${measureName(c.measure)}: ${text(c)}\n${c.points ?? "?"} points` })),
      ],
    }) as SVGSVGElement;
    const counts = [...new Set(known.map((c) => c.points))];
    return {
      chart, table: all,
      notes: [`${metric!.label}: ${metric!.better} is better, so a ${metric!.better === "lower" ? "negative" : "positive"} correlation says that more of the measure goes with better sounds. ` +
        `${counts.length === 1 && counts[0] !== undefined ? `${counts[0]} points` : "Few points"}: read the intervals.`],
    };
  };

  const frame = figure({
    id: "generation-correlations",
    title: "Predictability and quality",
    lead: "Rank correlation of what was measured of the codecs' latents with the quality of what was generated from them. Bars: intervals.",
    open: true,
    controls: metrics.length > 1 ? [dropdown("Metric", metrics.map((m) => ({ value: m.id, label: m.label })), metric!.id, (id) => {
      metric = metrics.find((m) => m.id === id);
      frame.redraw();
    })] : [],
    draw,
  });
  return frame;
}
