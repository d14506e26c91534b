// Every point of the generation study and every figure of it, and its anchors.

import { h, table, type Cell } from "../dom";
import * as format from "../format";
import { estimateText, measureName, RATE_KINDS, rateLabel, type Generation } from "./data";

export function generationPoints(data: Generation): HTMLElement {
  const rates = RATE_KINDS.filter((k) => data.points.some((p) => p.rates[k.key] !== undefined));
  const measures = [...new Set(data.points.flatMap((p) => Object.keys(p.predictability)))];
  const count = (n: number | undefined) => (n === undefined ? format.DASH : n.toLocaleString("en"));
  const head = ["Point", "State", "Rate", "Seed", "Steps", "Guidance", "Sampler", ...rates.map((k) => k.label), "η", ...data.metrics.map((m) => m.label), ...measures.map(measureName)];
  const rows = data.points.map((p): Cell[] => [
    h("code", {}, p.id), h("span", { class: `status ${p.status}`, title: p.why }, p.status), rateLabel(p), String(p.seed), count(p.steps), format.number(p.guidance),
    p.sampler ? `${p.sampler}${p.sampler_steps === undefined ? "" : `, ${p.sampler_steps}`}` : format.DASH, ...rates.map((k) => format.number(p.rates[k.key])), format.number(p.eta),
    ...data.metrics.map((m) => estimateText(p.metrics[m.id])), ...measures.map((name) => format.number(p.predictability[name]))]);
  const anchors = data.anchors.map((a) => [a.label, ...data.metrics.map((m) => estimateText(a.metrics[m.id]))]);
  // The generators of a codec share its reconstructions.
  const codecs = [...new Map(data.points.filter((p) => Object.keys(p.reconstruction).length > 0).map((p) => [p.codec_point, p])).values()];
  anchors.push(...codecs.map((p) => [`codec alone, ${rateLabel(p)} (${p.codec_point})`, ...data.metrics.map((m) => estimateText(p.reconstruction[m.id]))]));
  return h("section", { class: "figure", id: "generation-points", "aria-labelledby": "generation-points-title" },
    h("header", {}, h("h2", { id: "generation-points-title" }, "All generators")),
    h("p", { class: "lead" }, "Rates in kbit/s; in brackets: bootstrap intervals. A dash: not measured, or does not apply."),
    table("Every generator, one seed a row", head, rows, 3),
    anchors.length ? h("h3", {}, "Anchors") : null,
    anchors.length ? table("Anchors", ["What was measured", ...data.metrics.map((m) => m.label)], anchors) : null);
}
