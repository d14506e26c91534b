// The head of the page: what was studied, how much of it is there, what is not.

import { download, h } from "../dom";
import { absenceText, absencesOf, familiesOf, familyName, shortName, whyNotDone, type ReportData, type Results } from "../data";
import * as format from "../format";
import { absentPoints, ratesOf, whyNotDone as whyNoGenerator, type Generation } from "../generation/data";
import { themeChoice } from "../theme";

function tile(value: string, what: string): HTMLElement {
  return h("div", { class: "tile-figure" }, h("strong", {}, value), h("span", {}, what));
}

function missingList({ results, generation }: ReportData): HTMLElement | null {
  const reasons = [
    ...(results ? absencesOf(results.points, whyNotDone).map(absenceText) : []),
    ...(generation ? absentPoints(generation.points, whyNoGenerator).map((a) => `Generator, ${a.text}`) : []),
  ];
  if (reasons.length === 0) return null;
  const points = [...(results?.points ?? []), ...(generation?.points ?? [])];
  const count = points.filter((p) => p.status !== "done").length;
  return h("aside", { class: "missing-list", "aria-label": "Points that are not there" },
    h("strong", {}, `${count} of ${points.length} points are not there. `), "No figure stands in for them.",
    h("ul", {}, reasons.map((reason) => h("li", {}, reason))));
}

const doneText = (points: { status: string }[]): string => {
  const done = points.filter((p) => p.status === "done").length;
  return done === points.length ? String(done) : `${done} of ${points.length}`;
};

const clipsTile = ({ clips, seconds }: Results["data"]): HTMLElement[] =>
  (clips ? [tile(String(clips), `clips${seconds === undefined ? "" : `, ${format.number(seconds)} s`}`)] : []);

function generationTiles(data: Generation, alone: boolean): HTMLElement[] {
  const { parameters } = data.generator;
  return [
    tile(doneText(data.points), `generators measured, ${ratesOf(data.points).length} rates`),
    ...(parameters === undefined ? [] : [tile(parameters >= 1e5 ? `${format.number(parameters / 1e6)} M` : parameters.toLocaleString("en"), "parameters a generator")]),
    ...(alone ? [tile(String(new Set(data.points.map((p) => p.seed)).size), "seeds"), ...clipsTile(data.data)] : []),
  ];
}

function runTiles({ points, distances }: Results): HTMLElement[] {
  const point = points[0]!;
  const rate = point.rates.kl_kbps ?? point.rates.nominal_kbps;
  return [
    tile(format.number(point.target_kbps), "kbit/s asked for"),
    tile(format.number(rate), point.rates.kl_kbps === undefined ? "kbit/s nominal" : "kbit/s KL, fixed clips"),
    ...(point.rates.informative_kbps === undefined ? [] : [tile(format.number(point.rates.informative_kbps), "kbit/s informative")]),
    ...distances.filter((d) => point.distances[d.name] !== undefined).slice(0, 2)
      .map((d) => tile(`${format.number(point.distances[d.name])} ${d.unit}`.trim(), `${d.label}, fixed clips`)),
    tile(point.steps.toLocaleString("en"), "steps"),
  ];
}

function studyTiles({ points, data }: Results): HTMLElement[] {
  return [
    tile(doneText(points), "points measured"),
    tile(String(familiesOf(points).length), `families: ${familiesOf(points).map(shortName).join(", ")}`),
    tile(String(new Set(points.map((p) => p.seed)).size), "seeds"),
    ...clipsTile(data),
  ];
}

function kindOf({ results, generation }: ReportData): string {
  if (results?.kind === "run") return `One run: ${familyName(results.points[0]?.family ?? "")}`;
  return [...(results ? ["Rate-distortion study"] : []), ...(generation ? [`${results ? "g" : "G"}eneration study`] : [])].join(" and ");
}

export function overview(data: ReportData): HTMLElement {
  const { results, generation } = data;
  const name = results?.name ?? generation!.name;
  const save = (label: string, file: string, csv: string | undefined) => csv === undefined ? null
    : h("button", { type: "button", class: "quiet", onclick: () => download(file, "text/csv", csv) }, label);
  const described = [...new Set([results?.data.description, generation?.data.description])].filter((text) => text);
  return h("header", { class: "overview" },
    h("div", { class: "bar" },
      h("span", { class: "brand" }, "Kilonat"),
      h("div", { class: "tools" }, themeChoice(),
        save("Download CSV", `${results?.name || "results"}.csv`, data.csv),
        save(results ? "Generation CSV" : "Download CSV", `${generation?.name || "generation"}${results ? " generation" : ""}.csv`, data.generation_csv),
        h("button", { type: "button", class: "quiet", onclick: () => print() }, "Print"))),
    h("p", { class: "kind" }, kindOf(data)),
    h("h1", {}, name),
    described.map((text) => h("p", { class: "described" }, text!)),
    h("div", { class: "tile-figures" },
      results ? (results.kind === "run" ? runTiles(results) : studyTiles(results)) : [],
      generation ? generationTiles(generation, !results) : []),
    missingList(data));
}
