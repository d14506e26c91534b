// Does a model carry the rate that was asked for?

import * as Plot from "@observablehq/plot";
import { choice, table } from "../dom";
import { absenceText, absencesOf, familyColor, familyName, settingsOf, spreadOf, whyNotDone, type Results } from "../data";
import * as format from "../format";
import { STYLE, missingMarks, rateScale } from "./common";
import { figure, type Families, type Figure } from "./figure";

interface Row { family: string; label: string; name: string; target: number; got: number; sd: number | null; n: number; title: string }

const RATES: [string, string][] = [["kl_kbps", "KL"], ["informative_kbps", "informative"]];

export function targetRate(results: Results, families: Families): Figure {
  let view: "rate" | "deviation" = "deviation";
  const settings = settingsOf(results.points).filter((s) => s.target !== null && s.points.some((p) => p.rates.kl_kbps !== undefined || p.status !== "done"));
  const isTargeted = (family: string) => results.points.some((p) => p.family === family && p.rates.kl_kbps !== undefined && p.target_kbps !== null);

  const rows = (): Row[] => settings.filter((s) => families.shows(s.family) && isTargeted(s.family)).flatMap((setting) => RATES.flatMap(([key, name]) => {
    const got = spreadOf(setting.done.map((p) => p.rates[key]));
    if (!got) return [];
    const target = setting.target!;
    return [{
      family: setting.family, label: setting.label, name, target, got: got.mean, sd: got.sd, n: got.n,
      title: `${familyName(setting.family)}: ${setting.label}\n${name} ${format.spread(got)} kbit/s\n${format.percent(got.mean / target - 1)} of the rate asked for`,
    }];
  }));

  const draw = (width: number) => {
    const shown = rows();
    if (shown.length === 0) return { chart: null, empty: "No point was trained for a rate." };
    const missing = absencesOf(settings.filter((s) => families.shows(s.family) && isTargeted(s.family)).flatMap((s) => s.points), whyNotDone)
      .map((absence) => ({ x: absence.target!, family: absence.family, title: absenceText(absence) }));
    const value = (d: Row, at: number) => (view === "rate" ? at : (at / d.target - 1) * 100);
    const targets = [...shown.map((d) => d.target), ...missing.map((m) => m.x)];
    const domain = [Math.min(...targets) / 1.25, Math.max(...targets) * 1.25];
    const kl = shown.filter((d) => d.name === "KL");
    const informative = shown.filter((d) => d.name !== "KL");
    const several = shown.filter((d) => d.sd !== null);
    const dx = (d: Row) => d.target * (d.name === "KL" ? 0.97 : 1.03);
    const reference: Plot.Markish[] = view === "rate"
      ? [Plot.line(domain.map((r) => [r, r]), { stroke: "var(--muted)", strokeDasharray: "4 4" })]
      : [Plot.ruleY([0], { stroke: "var(--muted)" }), Plot.rect([0], { x1: domain[0], x2: domain[1], y1: -5, y2: 5, fill: "var(--muted)", fillOpacity: 0.12 })];
    const chart = Plot.plot({
      width, height: Math.max(280, Math.min(400, width * 0.6)), style: STYLE, marginLeft: 52, marginBottom: 44, marginTop: 28,
      x: rateScale("Rate asked for [kbit/s], logarithmic", targets, width),
      y: view === "rate"
        ? { ...rateScale("Rate measured [kbit/s], logarithmic", [...shown.map((d) => d.got), ...targets], 400), labelAnchor: "top" }
        : { label: "Deviation from the rate asked for [%], band: ± 5 %", grid: true, nice: true, inset: 16 },
      marks: [
        Plot.frame({ stroke: "var(--line)" }), ...reference, ...missingMarks(missing),
        Plot.ruleX(several, {
          x: dx, y1: (d: Row) => value(d, d.got - d.sd!), y2: (d: Row) => value(d, d.got + d.sd!),
          stroke: (d: Row) => familyColor(d.family), strokeWidth: 1.6,
        }),
        Plot.dot(kl, { x: dx, y: (d: Row) => value(d, d.got), fill: (d: Row) => familyColor(d.family), r: 5 }),
        Plot.dot(informative, { x: dx, y: (d: Row) => value(d, d.got), stroke: (d: Row) => familyColor(d.family), fill: "var(--card)", strokeWidth: 2, r: 4.5 }),
        Plot.tip(shown, Plot.pointer({ x: dx, y: (d: Row) => value(d, d.got), title: "title", maxRadius: 30 })),
      ],
    }) as SVGSVGElement;
    return {
      chart,
      table: table("Rate asked for and rate measured", ["Family", "Setting", "Rate", "Seeds", "Measured, kbit/s", "Deviation"], shown.map((d) => [
        familyName(d.family), d.label, d.name, String(d.n), format.spread({ n: d.n, mean: d.got, sd: d.sd, values: [] }), format.percent(d.got / d.target - 1)]), 3),
    };
  };

  const frame = figure({
    id: "target-rate",
    title: "Rate asked for, rate measured",
    lead: "On the study's clips, coded whole. Full dots: KL rate; rings beside them: informative rate, which leaves out what is the same for every input. Bars: ± one standard deviation over seeds.",
    controls: [choice("Show", [{ value: "deviation", label: "Deviation" }, { value: "rate", label: "kbit/s" }], view, (taken) => {
      view = taken;
      frame.redraw();
    })],
    draw,
  });
  families.onChange(frame.redraw);
  return frame;
}
