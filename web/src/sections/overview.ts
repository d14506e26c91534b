// The head of the page: what was studied, how much of it is there, what is not.

import { download, h } from "../dom";
import { absenceText, absencesOf, familiesOf, familyName, shortName, whyNotDone, type ReportData } from "../data";
import * as format from "../format";
import { themeChoice } from "../theme";

function tile(value: string, what: string): HTMLElement {
  return h("div", { class: "tile-figure" }, h("strong", {}, value), h("span", {}, what));
}

function missingList(data: ReportData): HTMLElement | null {
  const { points } = data.results;
  const absences = absencesOf(points, whyNotDone);
  if (absences.length === 0) return null;
  const count = points.filter((p) => p.status !== "done").length;
  return h("aside", { class: "missing-list", "aria-label": "Points that are not there" },
    h("strong", {}, `${count} of ${points.length} points are not there. `), "No figure stands in for them.",
    h("ul", {}, absences.map((a) => h("li", {}, absenceText(a)))));
}

function runTiles(data: ReportData): HTMLElement[] {
  const point = data.results.points[0]!;
  const rate = point.rates.kl_kbps ?? point.rates.nominal_kbps;
  return [
    tile(format.number(point.target_kbps), "kbit/s asked for"),
    tile(format.number(rate), point.rates.kl_kbps === undefined ? "kbit/s nominal" : "kbit/s KL, fixed clips"),
    ...(point.rates.informative_kbps === undefined ? [] : [tile(format.number(point.rates.informative_kbps), "kbit/s informative")]),
    ...data.results.distances.filter((d) => point.distances[d.name] !== undefined).slice(0, 2)
      .map((d) => tile(`${format.number(point.distances[d.name])} ${d.unit}`.trim(), `${d.label}, fixed clips`)),
    tile(point.steps.toLocaleString("en"), "steps"),
  ];
}

function studyTiles(data: ReportData): HTMLElement[] {
  const { points, data: described } = data.results;
  const done = points.filter((p) => p.status === "done").length;
  return [
    tile(done === points.length ? String(done) : `${done} of ${points.length}`, "points measured"),
    tile(String(familiesOf(points).length), `families: ${familiesOf(points).map(shortName).join(", ")}`),
    tile(String(new Set(points.map((p) => p.seed)).size), "seeds"),
    ...(described.clips ? [tile(String(described.clips), `clips, ${format.number(described.seconds)} s`)] : []),
  ];
}

export function overview(data: ReportData): HTMLElement {
  const { results } = data;
  const isRun = results.kind === "run";
  return h("header", { class: "overview" },
    h("div", { class: "bar" },
      h("span", { class: "brand" }, "Kilonat"),
      h("div", { class: "tools" }, themeChoice(),
        h("button", { type: "button", class: "quiet", onclick: () => download(`${results.name || "results"}.csv`, "text/csv", data.csv) }, "Download CSV"),
        h("button", { type: "button", class: "quiet", onclick: () => print() }, "Print"))),
    h("p", { class: "kind" }, isRun ? `One run: ${familyName(results.points[0]?.family ?? "")}` : "Rate-distortion study"),
    h("h1", {}, results.name),
    results.data.description ? h("p", { class: "described" }, results.data.description) : null,
    h("div", { class: "tile-figures" }, isRun ? runTiles(data) : studyTiles(data)),
    missingList(data));
}
