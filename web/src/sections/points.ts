// Every point and every figure of it.

import { h, table, type Cell } from "../dom";
import { clipSpread, LATENT_FIGURES, RATE_NAMES, shortName, type Point, type Results } from "../data";
import * as format from "../format";

function status(point: Point): HTMLElement {
  return h("span", { class: `status ${point.status}`, title: point.why }, point.status);
}

export function allPoints(results: Results): HTMLElement {
  const rates = Object.keys(RATE_NAMES).filter((name) => results.points.some((p) => p.rates[name] !== undefined));
  const latent = LATENT_FIGURES.filter(({ key }) => results.points.some((p) => p.latent?.[key] !== undefined));
  const head = ["Point", "Family", "Setting", "Seed", "State", "Steps", "Asked, kbit/s",
    ...rates.map((name) => RATE_NAMES[name]!), "± clips", ...results.distances.map((d) => (d.unit ? `${d.label}, ${d.unit}` : d.label)),
    ...latent.map(({ label }) => label)];
  const rows = results.points.map((p): Cell[] => [
    h("code", {}, p.id), shortName(p.family), p.label, String(p.seed), status(p), p.steps ? p.steps.toLocaleString("en") : format.DASH,
    p.target_kbps === null ? format.DASH : format.tick(p.target_kbps), ...rates.map((name) => format.number(p.rates[name])), format.number(clipSpread(p)), ...results.distances.map((d) => format.number(p.distances[d.name])),
    ...latent.map(({ key }) => format.number(p.latent?.[key]))]);
  return h("section", { class: "figure", id: "points", "aria-labelledby": "points-title" },
    h("header", {}, h("h2", { id: "points-title" }, "All points")),
    h("p", { class: "lead" }, "Rates in kbit/s; ± clips: the standard deviation of the rate over clips. A dash: not measured, or does not apply."),
    table("Every point, one seed a row", head, rows, 5));
}
