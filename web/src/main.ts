// Puts the page together from what it was given.

import { channels } from "./charts/channels";
import { hasCurves, runCurves, studyCurves, thinningNote } from "./charts/curves";
import { Families, type Figure } from "./charts/figure";
import { rateDistortion } from "./charts/rate_distortion";
import { rates } from "./charts/rates";
import { targetRate } from "./charts/target_rate";
import { familiesOf, loadData, type ReportData } from "./data";
import { h } from "./dom";
import { listeningTable, type Listening } from "./listening/table";
import { conditions } from "./sections/conditions";
import { overview } from "./sections/overview";
import { allPoints } from "./sections/points";

interface Part { link: string; id: string; element: HTMLElement }

/** A rate-distortion study. A study of another kind gets a list of parts of its own beside this. */
function studyParts(data: ReportData, families: Families, listening: Listening | null): Part[] {
  const part = (link: string, figure: Figure): Part => ({ link, id: figure.element.id, element: figure.element });
  const { results } = data;
  return [
    ...(results.distances.length ? [part("Rate and distortion", rateDistortion(results, families))] : []),
    part("Asked and measured", targetRate(results, families)),
    part("Channels", channels(results)),
    part("Rates", rates(results, families)),
    ...(hasCurves(results.points) ? [part("Training", studyCurves(results, families))] : []),
    ...(listening ? [{ link: "Listen", id: "listening", element: listening.element }] : []),
    { link: "All points", id: "points", element: allPoints(results) },
    { link: "Conditions", id: "conditions", element: conditions(data) },
  ];
}

function runParts(data: ReportData, listening: Listening | null): Part[] {
  const curves = runCurves(data.results);
  return [
    ...(listening ? [{ link: "Listen", id: "listening", element: listening.element }] : []),
    ...(curves.length ? [{ link: "Training", id: "curves", element: h("div", { id: "curves", class: "grid" }, thinningNote(data.results.points).map((note) => h("p", { class: "note" }, note)), curves.map((c) => c.element)) }] : []),
    { link: "Figures", id: "points", element: allPoints(data.results) },
    { link: "Conditions", id: "conditions", element: conditions(data) },
  ];
}

function start(): void {
  const app = document.getElementById("app")!;
  const data = loadData();
  if (!data) {
    app.replaceChildren(h("p", { class: "empty" }, "This page holds no results. 'kilonat report DIR' puts them in."));
    return;
  }
  const { results } = data;
  document.title = `${results.name} · Kilonat`;
  const families = new Families(familiesOf(results.points));
  const listening = listeningTable(data, families);
  const parts = results.kind === "run" ? runParts(data, listening) : studyParts(data, families, listening);
  app.replaceChildren(
    overview(data),
    h("nav", { "aria-label": "Sections" }, parts.map((part) => h("a", { href: `#${part.id}` }, part.link))),
    h("main", { id: "main", tabindex: -1, class: results.kind }, parts.map((part) => part.element)));
  // Spectrograms need time that a print has not: paint them all once the page rests.
  setTimeout(() => void listening?.loadAll(), 1500);
}

start();
