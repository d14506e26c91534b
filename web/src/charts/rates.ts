// All rates of a setting in one line: what is paid, what is about the sound, what can be predicted.

import * as Plot from "@observablehq/plot";
import { h, table } from "../dom";
import { RATE_NAMES, familiesOf, familyColor, familyName, settingName, settingsOf, sortKey, spreadOf, type Results, type Spread } from "../data";
import * as format from "../format";
import { STYLE, rateScale } from "./common";
import { figure, type Families, type Figure } from "./figure";

const SYMBOLS: Record<string, { symbol: Plot.SymbolType; full: boolean }> = {
  kl_kbps: { symbol: "circle", full: true },
  informative_kbps: { symbol: "circle", full: false },
  predictive_kbps: { symbol: "diamond", full: false },
  nominal_kbps: { symbol: "square", full: true },
  entropy_kbps: { symbol: "square", full: false },
  actual_kbps: { symbol: "triangle", full: true },
};

const KEY: Record<string, string> = {
  kl_kbps: "● KL", informative_kbps: "○ informative", predictive_kbps: "◇ predictive",
  nominal_kbps: "■ nominal (codebooks)", entropy_kbps: "□ entropy of the codes", actual_kbps: "▲ bits of the file",
};

interface Row { place: string; family: string; key: string; rate: Spread }

export function rates(results: Results, families: Families): Figure {
  const order = familiesOf(results.points);
  const settings = settingsOf(results.points).sort((a, b) =>
    order.indexOf(a.family) - order.indexOf(b.family) || sortKey(a.done[0] ?? a.points[0]!) - sortKey(b.done[0] ?? b.points[0]!));

  const draw = (width: number) => {
    const shown = settings.filter((s) => families.shows(s.family));
    const place = (s: { family: string; label: string }) => settingName(s.family, s.label.replace(" kbit/s", ""));
    const rows: Row[] = shown.flatMap((s) => Object.keys(SYMBOLS).flatMap((key) => {
      const rate = spreadOf(s.done.map((p) => p.rates[key]));
      return rate && rate.mean > 0 ? [{ place: place(s), family: s.family, key, rate }] : [];
    }));
    if (rows.length === 0) return { chart: null, empty: "No rates." };
    const present = Object.keys(SYMBOLS).filter((key) => rows.some((row) => row.key === key));
    const nothing = shown.filter((s) => !rows.some((row) => row.place === place(s))).map((s) => ({ place: place(s), text: s.points.every((p) => p.status === "failed") ? "failed" : "missing" }));
    const extent = shown.flatMap((s) => {
      const own = rows.filter((row) => row.place === place(s)).map((row) => row.rate.mean);
      return own.length > 1 ? [{ place: place(s), family: s.family, low: Math.min(...own), high: Math.max(...own) }] : [];
    });
    const title = (d: Row) => `${d.place}: ${RATE_NAMES[d.key]} ${format.spread(d.rate)} kbit/s\n${d.rate.n === 1 ? "one seed" : `${d.rate.n} seeds`}`;
    const chart = Plot.plot({
      width, height: 64 + 24 * shown.length, style: STYLE, marginLeft: Math.min(150, 24 + 6.6 * Math.max(...shown.map((s) => place(s).length))), marginTop: 8, marginBottom: 44, marginRight: 14,
      x: rateScale("Rate [kbit/s], logarithmic", rows.map((row) => row.rate.mean), width),
      y: { type: "point", domain: shown.map(place), label: null, tickSize: 0 },
      marks: [
        Plot.ruleY(shown.map(place), { stroke: "var(--line)" }),
        Plot.link(extent, { x1: "low", x2: "high", y1: "place", y2: "place", stroke: (d: { family: string }) => familyColor(d.family), strokeWidth: 3, strokeOpacity: 0.3 }),
        ...present.map((key) => Plot.dot(rows.filter((row) => row.key === key), {
          x: (d: Row) => d.rate.mean, y: "place", symbol: SYMBOLS[key]!.symbol, strokeWidth: 2,
          r: SYMBOLS[key]!.full ? 6 : key === "predictive_kbps" ? 5 : 3.4, // where they meet, both are seen
          stroke: (d: Row) => familyColor(d.family), fill: SYMBOLS[key]!.full ? (d: Row) => familyColor(d.family) : "var(--card)",
        })),
        Plot.text(nothing, { y: "place", text: "text", frameAnchor: "left", dx: 8, fill: "var(--bad)", fontStyle: "italic" }),
        Plot.tip(rows, Plot.pointer({ x: (d: Row) => d.rate.mean, y: "place", title, maxRadius: 30 })),
      ],
    }) as SVGSVGElement;
    return {
      chart,
      notes: present.includes("predictive_kbps") ? [] : ["The predictive rate was not measured."],
      table: table("Rates in kbit/s, means ± standard deviation over seeds", ["Family", "Setting", ...present.map((key) => RATE_NAMES[key]!)],
        shown.map((s) => [familyName(s.family), s.label, ...present.map((key) => format.spread(spreadOf(s.done.map((p) => p.rates[key]))))]), 2),
    };
  };

  const frame = figure({
    id: "rates",
    title: "KL rate and predictive rate",
    lead: "The same latents under better priors: what lies between the KL rate and the predictive rate is what a generator need not guess.",
    controls: [h("p", { class: "key" }, Object.entries(KEY).filter(([key]) => results.points.some((p) => p.rates[key] !== undefined)).map(([, text]) => h("span", {}, text)))],
    draw,
  });
  families.onChange(frame.redraw);
  return frame;
}
