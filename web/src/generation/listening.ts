// The listening table of a generation study: prompts down, rates across.

import type { ReportData } from "../data";
import { choice } from "../dom";
import { Clip, soundOrWhy, type Version } from "../listening/clip";
import { RANGE_DB } from "../listening/spectrogram";
import { listeningSection, SPECTROGRAM_NOTE, type Listening } from "../listening/table";
import { ratesOf, type Generation, type GenerationPoint } from "./data";

/** The sounds of a prompt at a rate, one a row: generator after generator, each with its sounds in order. */
interface Row { generator: string; index: number; key: string }

const soundsOf = (point: GenerationPoint, prompt: string) => point.audio.filter((a) => a.prompt === prompt);

function rowsOf(data: Generation, prompt: string): Row[] {
  const rows = new Map<string, Row>();
  for (const point of data.points) {
    soundsOf(point, prompt).forEach((_, index) => {
      const generator = point.seeds;
      const key = `${generator}, sound ${index + 1}`;
      if (!rows.has(key)) rows.set(key, { generator, index, key });
    });
  }
  return [...rows.values()].sort((a, b) => (a.generator < b.generator ? -1 : a.generator > b.generator ? 1 : a.index - b.index));
}

/** Every rate has a place in every row, so that columns are rates; what is not there is missing. */
function versionsOf(data: ReportData, generation: Generation, prompt: string): Version[] {
  return rowsOf(generation, prompt).flatMap((row) => ratesOf(generation.points).map((rate): Version => {
    const point = rate.points.find((p) => p.seeds === row.generator);
    const sound = point && soundsOf(point, prompt)[row.index];
    const why = !point ? "no such generator" : point.status === "done" ? "no sound was saved" : `${point.status}${point.why ? `: ${point.why}` : ""}`;
    const seed = sound?.seed === undefined ? "" : `, sound seed ${sound.seed}`;
    return { key: `${rate.label} ${row.key}`, row: row.key, colour: "var(--gaussian)", label: rate.label, detail: `${row.generator}${seed}`, ...soundOrWhy(data, sound?.file, why) };
  }));
}

export function generationListening(data: ReportData, generation: Generation): Listening | null {
  const prompts = [...new Set(generation.points.flatMap((p) => p.audio.map((a) => a.prompt)))];
  if (prompts.length === 0) return null;
  const classOf = (prompt: string) => generation.points.flatMap((p) => p.audio).find((a) => a.prompt === prompt && a.class)?.class ?? "";
  const clips = prompts.map((prompt) => new Clip(data, classOf(prompt) || prompt, prompt, versionsOf(data, generation, prompt)));
  const rows = [...new Set(prompts.flatMap((prompt) => rowsOf(generation, prompt).map((row) => row.key)))];
  const first = rows[0]!;
  const show = (taken: "first" | "all") => clips.forEach((clip) => clip.showRows((row) => taken === "all" || row === first));
  // A phone has two tiles beside each other: all sounds would be a long way down.
  const taken = matchMedia("(max-width: 40rem)").matches ? "first" : "all";
  show(taken);
  const listening = listeningSection({
    id: "generation-listening", title: "Listen to what was generated", kind: "by-rate", clips, hasOriginal: false,
    lead: "Each prompt at each rate, same generator and same seeds. Press a picture to hear it; pressing another switches at the same position. " +
      `Spectrograms: mel-spaced, ${RANGE_DB} dB below the loudest place of the prompt's sounds, ${SPECTROGRAM_NOTE}.`,
    controls: rows.length > 1 ? [choice("Show", [{ value: "all", label: `All ${rows.length} sounds a rate` }, { value: "first", label: "The first" }], taken, show)] : [],
  });
  listening.element.style.setProperty("--rates", String(ratesOf(generation.points).length));
  return listening;
}
