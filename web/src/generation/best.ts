// Which rate is the best, and how sure that is.

import * as Plot from "@observablehq/plot";
import { table } from "../dom";
import * as format from "../format";
import { STYLE } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { ratesOf, type Best, type Generation } from "./data";

export const shareOf = (best: Best, target: number): number | undefined => best.share.find((s) => s.target_kbps === target)?.share;

export const percentText = (share: number | undefined): string => (share === undefined ? format.DASH : `${Math.round(100 * share)} %`);

export function bestRate(data: Generation): Figure {
  const { best } = data;
  const metric = data.metrics.find((m) => m.id === best?.metric);
  return figure({
    id: "generation-best",
    title: "The best rate",
    lead: best ? `How often each rate was the best over draws of its seeds, each figure with its bootstrap error, by ${metric?.label ?? best.metric}. The bars together are all draws; one at 100 % would leave no doubt.` : "",
    draw: (width) => {
      if (!best) return { chart: null, empty: "The study names no best rate." };
      if (best.share.length === 0) return { chart: null, empty: `${format.tick(best.target_kbps)} kbit/s is named the best, without bootstrap shares.` };
      const shares = [...best.share].sort((a, b) => a.target_kbps - b.target_kbps);
      const known = new Set(shares.map((s) => s.target_kbps));
      const without = ratesOf(data.points).flatMap((r) => (r.target !== null && !known.has(r.target) ? [r.label] : []));
      const name = (d: { target_kbps: number }) => format.tick(d.target_kbps);
      const chart = Plot.plot({
        width, height: Math.max(240, Math.min(340, width * 0.6)), style: STYLE, marginLeft: 48, marginBottom: 44, marginTop: 28, marginRight: 8,
        x: { type: "band", domain: shares.map(name), label: "Rate asked for [kbit/s]", labelAnchor: "center", padding: 0.3 },
        y: { domain: [0, 100], label: "Share of draws [%]", grid: true },
        marks: [
          Plot.barY(shares, { x: name, y: (d: { share: number }) => 100 * d.share, fill: (d: { target_kbps: number }) => (d.target_kbps === best.target_kbps ? "var(--gaussian)" : "color-mix(in oklab, var(--gaussian) 40%, var(--card))"), rx: 3 }),
          Plot.text(shares, { x: name, y: (d: { share: number }) => 100 * d.share, dy: -9, text: (d: { share: number }) => percentText(d.share), fontWeight: 600, fill: "var(--ink)" }),
          Plot.ruleY([0], { stroke: "var(--muted)" }),
        ],
      }) as SVGSVGElement;
      return {
        chart, notes: without.length ? [`Not among the draws: ${without.join(", ")}.`] : [],
        table: table("Share of bootstrap draws in which a rate is the best", ["Rate asked for, kbit/s", "Share"], shares.map((s) => [name(s), percentText(s.share)])),
      };
    },
  });
}
