// The sections of a generation study, in order.

import type { ReportData } from "../data";
import { h } from "../dom";
import * as format from "../format";
import type { Figure } from "../charts/figure";
import { bestRate, percentText, shareOf } from "./best";
import { confusion, hasConfusion } from "./confusion";
import { correlations } from "./correlations";
import { generationCurves, hasGenerationCurves } from "./curves";
import { metricSpread, ratesOf, type Generation } from "./data";
import { eta } from "./eta";
import { guidance, hasGuidance } from "./guidance";
import { generationPoints } from "./points";
import { quality } from "./quality";
import type { Listening } from "../listening/table";

export interface Part { link: string; id: string; element: HTMLElement }

export const figurePart = (link: string, figure: Figure): Part => ({ link, id: figure.element.id, element: figure.element });

/** What came out, in a sentence or two, as far as it was measured. */
function verdict(data: Generation): string {
  const { best } = data;
  const metric = data.metrics.find((m) => m.id === best?.metric);
  if (!best || !metric) return "The study names no best rate.";
  const share = shareOf(best, best.target_kbps);
  const value = metricSpread(ratesOf(data.points).find((r) => r.target === best.target_kbps)?.done ?? [], metric);
  const certainty = share === undefined ? "How sure that is was not measured." : `It is the best in ${percentText(share)} of the bootstrap draws${share < 0.95 ? ", so this is not certain" : ""}.`;
  return `By ${metric.label}, generation is best at ${format.tick(best.target_kbps)} kbit/s${value ? ` (${format.spread(value)})` : ""}. ${certainty}`;
}

function chapter(data: Generation): HTMLElement {
  return h("header", { class: "chapter", id: "generation" },
    h("h2", {}, "Generation"),
    h("p", { class: "verdict" }, verdict(data)),
    h("p", { class: "lead" }, `${data.generator.parameters === undefined ? "The same generator" : `The same generator of ${data.generator.parameters.toLocaleString("en")} parameters`}, steps and seeds on the latents of each rate.`));
}

export function generationParts(data: ReportData, generation: Generation, listening: Listening | null): Part[] {
  return [
    { link: "Generation", id: "generation", element: chapter(generation) },
    ...(generation.metrics.length ? [figurePart("Quality and rate", quality(generation))] : []),
    figurePart("Best rate", bestRate(generation)),
    figurePart("Learned", eta(generation)),
    ...(hasGuidance(generation) ? [figurePart("Guidance", guidance(generation))] : []),
    ...(hasConfusion(generation) ? [figurePart("Asked and heard", confusion(generation))] : []),
    ...(generation.correlations.length ? [figurePart("Predictability", correlations(generation))] : []),
    ...(hasGenerationCurves(generation) ? [figurePart(data.results ? "Generators' training" : "Training", generationCurves(generation))] : []),
    ...(listening ? [{ link: data.results ? "Listen: generated" : "Listen", id: listening.element.id, element: listening.element }] : []),
    { link: data.results ? "All generators" : "All points", id: "generation-points", element: generationPoints(generation) },
  ];
}
