// The listening table: clips down, versions across.

import { familiesOf, settingsOf, sortKey, type StudyData } from "../data";
import { h } from "../dom";
import type { Families } from "../charts/figure";
import { Clip, versionsOf } from "./clip";
import { RANGE_DB } from "./spectrogram";

export interface Listening { element: HTMLElement; loadAll: () => Promise<void> }

export interface ListeningOptions { id: string; title: string; lead: string; kind?: string; clips: Clip[]; controls?: (HTMLElement | null)[]; hasOriginal: boolean }

export const SPECTROGRAM_NOTE = `computed from the sounds in this page (16-bit FLAC)`;

/** A section of clips: painted when they come near, and anew when the room for them changes. */
export function listeningSection({ id, title, lead, kind, clips, controls, hasOriginal }: ListeningOptions): Listening {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const clip = clips.find((c) => c.element === entry.target);
      if (entry.isIntersecting && clip) void clip.load();
    }
  }, { rootMargin: "600px" });
  let width = 0;
  const resized = new ResizeObserver((entries) => {
    const now = entries[0]?.contentRect.width ?? 0;
    if (now !== width) clips.forEach((clip) => clip.repaint());
    width = now;
  });
  clips.forEach((clip) => seen.observe(clip.element));
  const large = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => {
    const now = element.classList.toggle("large");
    large.setAttribute("aria-pressed", String(now));
    clips.forEach((clip) => clip.repaint());
  } }, "Large spectrograms");
  const keys = [["Space", "play, pause"], ["← →", "other version"], ...(hasOriginal ? [["O", "original"]] : []), [", .", "half a second back, on"], ["+ − 0", "zoom"]];
  const element = h("section", { class: `figure listening${kind ? ` ${kind}` : ""}`, id, "aria-labelledby": `${id}-title` },
    h("header", {}, h("h2", { id: `${id}-title` }, title)),
    h("p", { class: "lead" }, lead),
    h("p", { class: "keys" }, "In a clip: ", ...keys.flatMap(([key, what]) => [h("kbd", {}, key!), ` ${what}  `])),
    h("div", { class: "controls" }, controls ?? [], large),
    clips.map((clip) => clip.element));
  resized.observe(element);
  return { element, loadAll: async () => { for (const clip of clips) await clip.load(); } };
}

export function listeningTable(data: StudyData, families: Families): Listening | null {
  const { originals, points } = data.results;
  const names = [...new Set([...originals.map((o) => o.clip), ...points.flatMap((p) => p.audio.map((a) => a.clip))])];
  if (names.length === 0) return null;

  // Of several seeds the first that has sounds; a setting without any stays, shown as missing.
  const order = familiesOf(points);
  const chosen = settingsOf(points).map((s) => s.points.find((p) => p.audio.length > 0) ?? s.points[0]!)
    .sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family) || sortKey(a) - sortKey(b));
  const clips = names.map((name) => new Clip(data, name, originals.find((o) => o.clip === name)?.caption ?? "", versionsOf(data, chosen, name)));
  families.onChange(() => clips.forEach((clip) => clip.showRows((f) => families.shows(f))));
  return listeningSection({
    id: "listening", title: "Listen", clips, hasOriginal: true, kind: chosen.length === 1 ? "pair" : undefined,
    lead: "Each clip as it was, then as each setting coded it. Press a picture to hear it; pressing another switches at the same position. " +
      `Spectrograms: mel-spaced, ${RANGE_DB} dB below the loudest place of the original, ${SPECTROGRAM_NOTE}.`,
    controls: [families.names.length > 1 ? families.legend() : null],
  });
}
