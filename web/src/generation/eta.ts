// How much of the held-out latents the generator knows, against rate.

import * as Plot from "@observablehq/plot";
import { choice, table } from "../dom";
import { spreadOf, type Spread } from "../data";
import * as format from "../format";
import { STYLE, missingMarks, rateScale } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { absentPoints, pointName, RATE_KINDS, ratesOf, whyNotDone, type Generation } from "./data";

interface Mean { x: Spread; y: Spread; title: string }

export function eta(data: Generation): Figure {
  let kind = RATE_KINDS.find((k) => data.points.some((p) => p.rates[k.key] !== undefined)) ?? RATE_KINDS[0]!;

  const draw = (width: number) => {
    const usable = data.points.filter((p) => p.status === "done" && p.eta !== undefined && (p.rates[kind.key] ?? 0) > 0);
    const absent = absentPoints(data.points, (p) => whyNotDone(p) ?? (p.eta === undefined ? "η not measured" : usable.includes(p) ? null : `${kind.label} rate not measured`));
    const missing = absent.flatMap((a) => (a.target === null ? [] : [{ x: a.target, family: "gaussian", title: a.text }]));
    const notes = absent.length ? [`Not drawn as points: ${absent.map((a) => a.text).join("; ")}.`] : [];
    if (usable.length === 0) return { chart: null, empty: "No point has both η and this rate.", notes };
    const means = ratesOf(usable).map((rate): Mean => {
      const x = spreadOf(rate.points.map((p) => p.rates[kind.key]))!;
      const y = spreadOf(rate.points.map((p) => p.eta))!;
      return { x, y, title: `${rate.label}\n${format.spread(x)} kbit/s\nη ${format.spread(y)}\n${y.n === 1 ? "one point" : `mean of ${y.n} points`}` };
    });
    const lowest = Math.min(0, ...usable.map((p) => p.eta!));
    const chart = Plot.plot({
      width, height: Math.max(240, Math.min(340, width * 0.6)), style: STYLE, marginLeft: 48, marginBottom: 44, marginTop: 28,
      x: rateScale(`${kind.label} rate [kbit/s], logarithmic`, [...usable.map((p) => p.rates[kind.key]!), ...missing.map((m) => m.x)], width),
      y: { label: "η, higher is better", grid: true, nice: true, domain: [lowest, Math.max(...usable.map((p) => p.eta!), 0.05) * 1.08] },
      marks: [
        Plot.frame({ stroke: "var(--line)" }), Plot.ruleY([0], { stroke: "var(--muted)", strokeDasharray: "4 4" }), ...missingMarks(missing),
        Plot.line(means, { x: (d: Mean) => d.x.mean, y: (d: Mean) => d.y.mean, stroke: "var(--gaussian)", strokeWidth: 2, strokeOpacity: 0.75 }),
        Plot.dot(usable, { x: (p) => p.rates[kind.key], y: "eta", r: 2.6, stroke: "var(--gaussian)", fill: "var(--card)" }),
        Plot.dot(means, { x: (d: Mean) => d.x.mean, y: (d: Mean) => d.y.mean, r: 4.6, fill: "var(--gaussian)", stroke: "var(--card)" }),
        Plot.tip(means, Plot.pointer({ x: (d: Mean) => d.x.mean, y: (d: Mean) => d.y.mean, title: "title", maxRadius: 30 })),
      ],
    }) as SVGSVGElement;
    return { chart, notes, table: table("η of every point", ["Point", `${kind.label} rate, kbit/s`, "η"], data.points.map((p) => [pointName(p), format.number(p.rates[kind.key]), format.number(p.eta)])) };
  };

  const frame = figure({
    id: "generation-eta",
    title: "What the generator learned",
    lead: "η: the flow-matching loss on held-out latents as a score. 0: it knows their variance alone, 1: it is perfect. Rings: each generator, full dots: means.",
    controls: [choice("Rate", RATE_KINDS.map((k) => ({ value: k.key, label: k.label, title: k.note })), kind.key, (key) => {
      kind = RATE_KINDS.find((k) => k.key === key)!;
      frame.redraw();
    })],
    draw,
  });
  return frame;
}
