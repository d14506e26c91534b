// The head of the page: what was studied, how much of it is there, what is not.

import { download, h } from "../dom";
import { absenceText, absencesOf, familiesOf, familyName, nameOf, shortName, whyNotDone, type ReportData, type Results } from "../data";
import * as format from "../format";
import { absentPoints, ratesOf, whyNotDone as whyNoGenerator, type Generation } from "../generation/data";
import { impossiblePoints, type Limit } from "../limit/data";
import { themeChoice } from "../theme";

function tile(value: string, what: string): HTMLElement {
  return h("div", { class: "tile-figure" }, h("strong", {}, value), h("span", {}, what));
}

function missingList({ results, generation, limit }: ReportData): HTMLElement | null {
  const reasons = [
    ...(results ? absencesOf(results.points, whyNotDone).map(absenceText) : []),
    ...(generation ? absentPoints(generation.points, whyNoGenerator).map((a) => `Generator, ${a.text}`) : []),
    ...(limit?.missing ?? []).map((id) => `Shannon's limit, ${id}: not measured yet`),
  ];
  if (reasons.length === 0) return null;
  const points = [...(results?.points ?? []), ...(generation?.points ?? [])];
  const total = points.length + (limit ? limit.points.length + limit.missing.length : 0);
  const count = points.filter((p) => p.status !== "done").length + (limit?.missing.length ?? 0);
  return h("aside", { class: "missing-list", "aria-label": "Points that are not there" },
    h("strong", {}, `${count} of ${total} points are not there. `), "No figure stands in for them.",
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

function limitTiles(limit: Limit): HTMLElement[] {
  const { points, missing, curves } = limit;
  const gaps = points.filter((p) => p.possible).map((p) => Math.max(0, p.gap_db));
  const wrong = impossiblePoints(limit).length;
  return [
    tile(missing.length ? `${points.length} of ${points.length + missing.length}` : String(points.length), `points on ${curves.length} Gaussian source${curves.length === 1 ? "" : "s"}`),
    ...(gaps.length ? [tile(`${Math.min(...gaps).toFixed(2)} to ${Math.max(...gaps).toFixed(2)} dB`, "above Shannon's limit")] : []),
    ...(wrong ? [tile(String(wrong), "below it: impossible")] : []),
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

function kindOf({ results, generation, limit }: ReportData): string {
  if (results?.kind === "run") return `One run: ${familyName(results.points[0]?.family ?? "")}`;
  const kinds = [...(results ? ["rate-distortion study"] : []), ...(generation ? ["generation study"] : []), ...(limit ? ["check against Shannon's limit"] : [])];
  const text = kinds.join(", ").replace(/, ([^,]*)$/, " and $1");
  return text[0]!.toUpperCase() + text.slice(1);
}

export function overview(data: ReportData): HTMLElement {
  const { results, generation, limit } = data;
  const save = (label: string, file: string, csv: string | undefined) => csv === undefined ? null
    : h("button", { type: "button", class: "quiet", onclick: () => download(file, "text/csv", csv) }, label);
  const described = [...new Set([results?.data.description, generation?.data.description])].filter((text) => text);
  return h("header", { class: "overview" },
    h("div", { class: "bar" },
      h("span", { class: "brand" }, "Kilonat"),
      h("div", { class: "tools" }, themeChoice(),
        save("Download CSV", `${results?.name || "results"}.csv`, data.csv),
        save(results ? "Generation CSV" : "Download CSV", `${generation?.name || "generation"}${results ? " generation" : ""}.csv`, data.generation_csv),
        save(results || generation ? "Limit CSV" : "Download CSV", `${limit?.name || "limit"}.csv`, data.limit_csv),
        h("button", { type: "button", class: "quiet", onclick: () => print() }, "Print"))),
    h("p", { class: "kind" }, kindOf(data)),
    h("h1", {}, nameOf(data)),
    described.map((text) => h("p", { class: "described" }, text!)),
    h("div", { class: "tile-figures" },
      results ? (results.kind === "run" ? runTiles(results) : studyTiles(results)) : [],
      generation ? generationTiles(generation, !results) : [],
      limit ? limitTiles(limit) : []),
    missingList(data));
}
