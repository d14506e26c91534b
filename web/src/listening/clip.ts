// One clip of a listening table: its versions side by side, all at one position.

import { familyColor, settingName, type Distance, type Point, type ReportData, type StudyData } from "../data";
import { h } from "../dom";
import * as format from "../format";
import { Player } from "./player";
import { loadSound } from "./sounds";
import { paint, spectrogram, type Spectrogram } from "./spectrogram";

/**
 * A version of a clip. Without a file it is missing, and `why` says why. Versions of one row stand side by side;
 * those without a row are the original, left of all rows.
 */
export interface Version { key: string; row: string | null; colour: string; label: string; detail: string; file: string | null; why: string }

/** The file if its sound is in the page, else why it is not. */
export function soundOrWhy(data: ReportData, file: string | undefined, why: string): { file: string | null; why: string } {
  const entry = file === undefined ? undefined : data.sounds[file];
  if (entry && !("missing" in entry)) return { file: file!, why: "" };
  return { file: null, why: entry ? entry.missing : why };
}

interface Tile { version: Version; element: HTMLButtonElement; canvas: HTMLCanvasElement; head: HTMLElement; note: HTMLElement; spec: Spectrogram | null }

/** What was measured of this clip at this point, a line each: "1.97 kbit/s", "Mel distance 2.1". */
function detailOf(point: Point, clip: string, distance: Distance | undefined): string {
  const measured = point.clips.find((c) => c.file === clip || c.file.endsWith(`/${clip}`));
  if (!measured) return "";
  const parts = measured.rate_kbps === undefined ? [] : [`${format.number(measured.rate_kbps)} kbit/s`];
  if (measured.informative_kbps !== undefined) parts.push(`${format.number(measured.informative_kbps)} informative`);
  const value = distance && measured.distances[distance.name];
  if (value !== undefined) parts.push(`${distance!.label} ${format.number(value)}`);
  return parts.join("\n");
}

/** The original first, then the points in their order. */
export function versionsOf(data: StudyData, points: Point[], clip: string): Version[] {
  const original = data.results.originals.find((o) => o.clip === clip);
  return [
    { key: "original", row: null, colour: "var(--ink)", label: "Original", detail: "", ...soundOrWhy(data, original?.file, "no original was saved") },
    ...points.map((p): Version => ({
      key: p.id, row: p.family, colour: familyColor(p.family), label: settingName(p.family, p.label), detail: detailOf(p, clip, data.results.distances[0]),
      ...soundOrWhy(data, p.audio.find((a) => a.clip === clip)?.file, p.status === "done" ? "no sound was saved" : `${p.status}${p.why ? `: ${p.why}` : ""}`),
    })),
  ];
}

export class Clip {
  readonly element: HTMLElement;
  private readonly tiles: Tile[];
  private readonly player: Player;
  private readonly scrubber: HTMLInputElement;
  private readonly clock = h("output", { class: "clock" });
  private readonly playButton: HTMLButtonElement;
  private readonly status = h("span", { class: "visually-hidden", "aria-live": "polite" });
  private taken = 0;
  private view: [number, number];
  private loaded: Promise<void> | null = null;

  constructor(private readonly data: ReportData, readonly name: string, caption: string, versions: Version[]) {
    const entries = versions.flatMap((v) => (v.file ? [data.sounds[v.file]!] : []));
    const duration = Math.max(0.01, ...entries.map((e) => ("seconds" in e ? e.seconds : 0)));
    this.view = [0, duration];
    this.player = new Player(duration, () => this.playingChanged());
    this.playButton = h("button", { type: "button", class: "play", "aria-label": "Play", onclick: () => this.playPause() }, "▶");
    this.scrubber = h("input", {
      type: "range", min: 0, max: duration, step: 0.01, value: 0, "aria-label": "Position",
      oninput: () => this.seek(Number(this.scrubber.value)),
    });
    this.tiles = versions.map((version, i) => this.makeTile(version, i));
    this.taken = Math.max(0, versions.findIndex((v) => v.file));
    const loop = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => {
      this.player.setLoop(!this.player.loop);
      loop.setAttribute("aria-pressed", String(this.player.loop));
    } }, "Loop");
    this.element = h("article", { class: "clip", "data-clip": name, "aria-label": caption || name, onkeydown: (e: KeyboardEvent) => this.key(e) },
      h("header", {}, h("h3", {}, caption || name), caption ? h("code", {}, name) : null),
      h("div", { class: "transport" }, this.playButton, this.scrubber, this.clock, loop,
        h("span", { class: "zoom", role: "group", "aria-label": "Zoom" },
          h("button", { type: "button", "aria-label": "Zoom out", onclick: () => this.zoom(2) }, "−"),
          h("button", { type: "button", "aria-label": "Show all", onclick: () => this.show(0, duration) }, "All"),
          h("button", { type: "button", "aria-label": "Zoom in", onclick: () => this.zoom(0.5) }, "+"))),
      h("div", { class: "tiles" }, this.rows()), this.status);
    this.mark();
    this.tick();
  }

  /** Decodes and paints; once. */
  load(): Promise<void> {
    this.loaded ??= this.loadTiles();
    return this.loaded;
  }

  repaint(): void {
    // Levels are comparable across a clip's versions: the original's loudest cell is the reference, or that of all.
    const specs = this.tiles.flatMap((tile) => tile.spec ?? []);
    const reference = this.hasOriginal() ? specs[0]?.loudest ?? 0 : Math.max(...specs.map((spec) => spec.loudest));
    for (const tile of this.tiles) {
      if (tile.spec && tile.canvas.clientWidth > 0) paint(tile.canvas, tile.spec, reference, ...this.view);
    }
    this.placeHead();
  }

  showRows(shows: (row: string) => boolean): void {
    for (const tile of this.tiles) tile.element.hidden = tile.version.row !== null && !shows(tile.version.row);
    this.repaint();
  }

  private hasOriginal(): boolean {
    return this.tiles.some((tile) => tile.version.row === null);
  }

  /** The original, if there is one, and beside it the rows. */
  private rows(): HTMLElement[] {
    const tiles = (row: string | null) => this.tiles.filter((tile) => tile.version.row === row).map((tile) => tile.element);
    const rows = [...new Set(this.tiles.map((tile) => tile.version.row))].filter((row) => row !== null);
    return [
      ...(this.hasOriginal() ? [h("div", { class: "original" }, tiles(null))] : []),
      h("div", { class: "families" }, rows.map((row) => h("div", { class: "family", "data-row": row }, tiles(row)))),
    ];
  }

  private makeTile(version: Version, index: number): Tile {
    const canvas = h("canvas", { height: 112 });
    const head = h("span", { class: "head" });
    const note = h("small", {}, version.file ? version.detail : version.why);
    const element = h("button", {
      type: "button", class: `tile${version.file ? "" : " missing"}`, disabled: !version.file, "data-version": version.key,
      "aria-pressed": "false", title: version.file ? "Listen to this version from the present position" : version.why,
      onclick: () => this.take(index, true),
    }, h("span", { class: "label" }, version.label),
    h("span", { class: "picture" }, version.file ? canvas : h("span", { class: "absent" }, "missing"), head), note);
    element.style.setProperty("--own", version.colour);
    return { version, element, canvas, head, note, spec: null };
  }

  private async loadTiles(): Promise<void> {
    for (const tile of this.tiles) {
      if (!tile.version.file) continue;
      try {
        tile.spec = spectrogram(await loadSound(this.data, tile.version.file));
      } catch (error) {
        tile.note.textContent = `cannot be decoded here: ${(error as Error).message}`;
      }
      await new Promise((resolve) => setTimeout(resolve)); // the page stays alive meanwhile
    }
    this.repaint();
    this.element.dataset.loaded = "yes";
  }

  /** Switches to a version; a second press on the one that plays pauses it. */
  private async take(index: number, play: boolean): Promise<void> {
    const tile = this.tiles[index];
    if (!tile?.version.file) return;
    if (play && index === this.taken && this.player.playing) return this.player.pause();
    this.taken = index;
    this.mark();
    const buffer = await loadSound(this.data, tile.version.file);
    if (this.taken !== index) return; // another was taken meanwhile
    this.player.use(buffer);
    if (play && !this.player.playing) this.player.play();
    this.status.textContent = tile.version.label;
  }

  private playPause(): void {
    if (this.player.playing) this.player.pause();
    else void this.take(this.taken, true);
  }

  private mark(): void {
    this.tiles.forEach((tile, i) => tile.element.setAttribute("aria-pressed", String(i === this.taken)));
    this.element?.setAttribute("data-taken", this.tiles[this.taken]?.version.key ?? "");
  }

  private playingChanged(): void {
    this.playButton.textContent = this.player.playing ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", this.player.playing ? "Pause" : "Play");
    this.element.dataset.playing = String(this.player.playing);
    this.tick();
  }

  private tick(): void {
    const time = this.player.time;
    this.scrubber.value = String(time);
    this.element.dataset.time = time.toFixed(3);
    this.clock.textContent = `${format.clock(time)} / ${format.clock(this.player.duration)}`;
    this.placeHead();
    if (this.player.playing) requestAnimationFrame(() => this.tick());
  }

  private placeHead(): void {
    const share = (this.player.time - this.view[0]) / (this.view[1] - this.view[0]);
    for (const tile of this.tiles) {
      tile.head.style.left = `${share * 100}%`;
      tile.head.hidden = share < 0 || share > 1;
    }
  }

  private seek(time: number): void {
    this.player.seek(time);
    if (!this.player.playing) this.tick();
  }

  /** Around the present position. */
  private zoom(factor: number): void {
    const length = Math.max(0.05, Math.min(this.player.duration, (this.view[1] - this.view[0]) * factor));
    const start = Math.max(0, Math.min(this.player.duration - length, this.player.time - length / 2));
    this.show(start, start + length);
  }

  private show(start: number, end: number): void {
    this.view = [start, end];
    this.element.dataset.view = `${start.toFixed(3)} ${end.toFixed(3)}`;
    this.repaint();
  }

  private step(direction: number): void {
    const usable = this.tiles.map((_, i) => i).filter((i) => this.tiles[i]!.version.file && !this.tiles[i]!.element.hidden);
    const place = usable.indexOf(this.taken);
    const next = usable[(place + direction + usable.length) % usable.length];
    if (next !== undefined) this.moveTo(next);
  }

  /** Takes a version in silence; the focus goes along, so that Space is about the version taken. */
  private moveTo(index: number): void {
    void this.take(index, false);
    if (document.activeElement !== this.scrubber) this.tiles[index]?.element.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onScrubber = event.target === this.scrubber;
    const onControl = !onScrubber && (event.target as Element).closest("button, a, select, input") !== null;
    const actions: Record<string, () => void> = {
      // What Space presses by itself it presses here too; the scrubber makes nothing of it.
      ...(onControl ? {} : { " ": () => this.playPause() }),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      "0": () => this.show(0, this.player.duration),
      o: () => this.moveTo(0),
      ",": () => this.seek(this.player.time - 0.5), ".": () => this.seek(this.player.time + 0.5),
      ...(onScrubber ? {} : { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1) }),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
