// Puts the page together from what it was given.

import { channels } from "./charts/channels";
import { hasCurves, runCurves, studyCurves, thinningNote } from "./charts/curves";
import { Families } from "./charts/figure";
import { rateDistortion } from "./charts/rate_distortion";
import { rates } from "./charts/rates";
import { targetRate } from "./charts/target_rate";
import { familiesOf, loadData, nameOf, type ReportData, type StudyData } from "./data";
import { h } from "./dom";
import { nameSeeds } from "./generation/data";
import { generationListening } from "./generation/listening";
import { figurePart, generationParts, type Part } from "./generation/parts";
import { shannonLimit } from "./limit/limit";
import { listeningTable, type Listening } from "./listening/table";
import { conditions } from "./sections/conditions";
import { overview } from "./sections/overview";
import { allPoints } from "./sections/points";

/** A rate-distortion study. */
function studyParts({ results }: StudyData, families: Families, listening: Listening | null): Part[] {
  return [
    ...(results.distances.length ? [figurePart("Rate and distortion", rateDistortion(results, families))] : []),
    figurePart("Asked and measured", targetRate(results, families)),
    figurePart("Channels", channels(results)),
    figurePart("Rates", rates(results, families)),
    ...(hasCurves(results.points) ? [figurePart("Training", studyCurves(results, families))] : []),
    ...(listening ? [{ link: "Listen", id: "listening", element: listening.element }] : []),
    { link: "All points", id: "points", element: allPoints(results) },
  ];
}

function runParts({ results }: StudyData, listening: Listening | null): Part[] {
  const curves = runCurves(results);
  return [
    ...(listening ? [{ link: "Listen", id: "listening", element: listening.element }] : []),
    ...(curves.length ? [{ link: "Training", id: "curves", element: h("div", { id: "curves", class: "grid" }, thinningNote(results.points).map((note) => h("p", { class: "note" }, note)), curves.map((c) => c.element)) }] : []),
    { link: "Figures", id: "points", element: allPoints(results) },
  ];
}

/** The parts of whatever is in the page, and the listening tables among them. */
function partsOf(data: ReportData): { parts: Part[]; listening: Listening[] } {
  const parts: Part[] = [];
  const tables: Listening[] = [];
  const keep = (table: Listening | null) => {
    if (table) tables.push(table);
    return table;
  };
  if (data.results) {
    const study: StudyData = { ...data, results: data.results };
    const families = new Families(familiesOf(study.results.points));
    const listening = keep(listeningTable(study, families));
    parts.push(...(study.results.kind === "run" ? runParts(study, listening) : studyParts(study, families, listening)));
  }
  if (data.generation) parts.push(...generationParts(data, data.generation, keep(generationListening(data, data.generation))));
  if (data.limit) parts.push(figurePart("Shannon's limit", shannonLimit(data.limit)));
  parts.push({ link: "Conditions", id: "conditions", element: conditions(data) });
  return { parts, listening: tables };
}

function start(): void {
  const app = document.getElementById("app")!;
  const data = loadData();
  if (!data?.results && !data?.generation && !data?.limit) {
    app.replaceChildren(h("p", { class: "empty" }, "This page holds no results. 'kilonat report DIR' puts them in."));
    return;
  }
  nameSeeds(data.generation?.points ?? []);
  document.title = `${nameOf(data)} · Kilonat`;
  const { parts, listening } = partsOf(data);
  app.replaceChildren(
    overview(data),
    h("nav", { "aria-label": "Sections" }, parts.map((part) => h("a", { href: `#${part.id}` }, part.link))),
    h("main", { id: "main", tabindex: -1, class: data.results?.kind ?? (data.generation ? "generation" : "limit") }, parts.map((part) => part.element)));
  // Spectrograms need time that a print has not: paint them all once the page rests.
  setTimeout(async () => { for (const table of listening) await table.loadAll(); }, 1500);
}

start();
