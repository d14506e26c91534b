// What the generators' trainings logged.

import { choice, dropdown } from "../dom";
import { entries, plotLines, thinningNote } from "../charts/curves";
import { figure, type Figure } from "../charts/figure";
import { pointName, ratesOf, shadeOf, type Generation } from "./data";

const metricsOf = (data: Generation): string[] =>
  [...new Set(data.points.flatMap((p) => Object.keys(p.curve)))].filter((name) => name !== "step").sort();

export const hasGenerationCurves = (data: Generation): boolean => metricsOf(data).length > 0;

export function generationCurves(data: Generation): Figure {
  const metrics = metricsOf(data);
  let metric = metrics.includes("loss") ? "loss" : metrics[0] ?? "";
  let scale: "log" | "linear" = "linear";
  const rates = ratesOf(data.points);

  const draw = (width: number) => {
    const lines = rates.flatMap((rate, i) => rate.points.map((p) =>
      entries(p, metric, `${pointName(p)}${p.status === "done" ? "" : `, ${p.status}`}`, shadeOf(i, rates.length), p.status !== "done"))).filter((line) => line.length > 0);
    if (lines.length === 0) return { chart: null, empty: `No point logged ${metric}.` };
    const absent = rates.filter((rate) => !rate.points.some((p) => (p.curve[metric] ?? []).some((v) => v !== null))).map((rate) => rate.label);
    return {
      chart: plotLines(lines, metric, scale === "log", width, Math.max(280, Math.min(440, width * 0.48))),
      notes: [`${lines.length} trainings; the stronger the colour, the higher the rate. Dashed: did not finish.`,
        ...(absent.length ? [`Nothing logged: ${absent.join(", ")}.`] : []), ...thinningNote(data.points)],
    };
  };

  const frame = figure({
    id: "generation-curves", title: "Training of the generators",
    lead: "What was logged step by step. A loss of one rate says little beside that of another: the latents differ. η is made to be compared.",
    controls: [
      dropdown("Logged", metrics.map((name) => ({ value: name, label: name })), metric, (taken) => {
        metric = taken;
        frame.redraw();
      }),
      choice("Axis", [{ value: "linear", label: "Linear" }, { value: "log", label: "Log" }], scale, (taken) => {
        scale = taken;
        frame.redraw();
      }),
    ],
    draw,
  });
  return frame;
}
