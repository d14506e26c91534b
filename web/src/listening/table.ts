// The listening table: clips down, versions across.

import { familiesOf, settingsOf, sortKey, type ReportData } from "../data";
import { h } from "../dom";
import type { Families } from "../charts/figure";
import { Clip, versionsOf } from "./clip";
import { RANGE_DB } from "./spectrogram";

export interface Listening { element: HTMLElement; loadAll: () => Promise<void> }

export function listeningTable(data: ReportData, families: Families): Listening | null {
  const { originals, points } = data.results;
  const names = [...new Set([...originals.map((o) => o.clip), ...points.flatMap((p) => p.audio.map((a) => a.clip))])];
  if (names.length === 0) return null;

  // Of several seeds the first that has sounds; a setting without any stays, shown as missing.
  const order = familiesOf(points);
  const chosen = settingsOf(points).map((s) => s.points.find((p) => p.audio.length > 0) ?? s.points[0]!)
    .sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family) || sortKey(a) - sortKey(b));
  const clips = names.map((name) => new Clip(data, name, originals.find((o) => o.clip === name)?.caption ?? "", versionsOf(data, chosen, name)));

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
  families.onChange(() => clips.forEach((clip) => clip.showFamilies((f) => families.shows(f))));

  const large = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => {
    const now = element.classList.toggle("large");
    large.setAttribute("aria-pressed", String(now));
    clips.forEach((clip) => clip.repaint());
  } }, "Large spectrograms");
  const element = h("section", { class: `figure listening${chosen.length === 1 ? " pair" : ""}`, id: "listening", "aria-labelledby": "listening-title" },
    h("header", {}, h("h2", { id: "listening-title" }, "Listen")),
    h("p", { class: "lead" }, "Each clip as it was, then as each setting coded it. Press a picture to hear it; pressing another switches at the same position. " +
      `Spectrograms: mel-spaced, ${RANGE_DB} dB below the loudest place of the original, computed from the sounds in this page (16-bit FLAC).`),
    h("p", { class: "keys" }, "In a clip: ", ...[["Space", "play, pause"], ["← →", "other version"], ["O", "original"], [", .", "half a second back, on"], ["+ − 0", "zoom"]]
      .flatMap(([key, what]) => [h("kbd", {}, key!), ` ${what}  `])),
    h("div", { class: "controls" }, families.names.length > 1 ? families.legend() : null, large),
    clips.map((clip) => clip.element));
  resized.observe(element);
  return { element, loadAll: async () => { for (const clip of clips) await clip.load(); } };
}
