// The frame around a chart: heading, controls, the drawing, its numbers as a table, a file to save.

import { download, h } from "../dom";
import { familyColor, familyName, FAMILY_SYMBOLS } from "../data";

/** What a chart draws at a width: nothing (and why) where there is no data. */
export interface Drawing { chart: SVGSVGElement | HTMLElement | null; empty?: string; notes?: (Node | string)[]; table?: HTMLElement | null }

export interface FigureOptions {
  id: string;
  title: string;
  lead: string;
  /** What is wrong with the data, above all else. */
  alarm?: HTMLElement;
  controls?: HTMLElement[];
  /** Its table is shown from the start. */
  open?: boolean;
  draw: (width: number) => Drawing;
}

/** A figure and the way to have it drawn anew. */
export interface Figure { element: HTMLElement; redraw: () => void }

/** An SVG that stands alone: what style sheets and variables gave it is written into it. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    for (const name of ["fill", "stroke", "color", "font-family", "font-size", "font-weight"]) {
      copies[i]?.style.setProperty(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.background = getComputedStyle(document.body).getPropertyValue("--card");
  return new XMLSerializer().serializeToString(copy);
}

export function figure(options: FigureOptions): Figure {
  const place = h("div", { class: "plot" });
  const notes = h("div", { class: "notes" });
  const numbers = h("details", { class: "numbers", open: options.open }, h("summary", {}, "The figures as a table"));
  const save = h("button", {
    type: "button", class: "quiet",
    onclick: () => {
      const svg = place.querySelector("svg");
      if (svg) download(`${options.id}.svg`, "image/svg+xml", standalone(svg));
    },
  }, "Save SVG");
  const element = h("section", { class: "figure", id: options.id, "aria-labelledby": `${options.id}-title` },
    h("header", {}, h("h2", { id: `${options.id}-title` }, options.title), save),
    h("p", { class: "lead" }, options.lead),
    options.alarm,
    options.controls?.length ? h("div", { class: "controls" }, options.controls) : null,
    place, notes, numbers);

  let drawnWidth = 0;
  const redraw = () => {
    const width = Math.floor(place.clientWidth);
    if (width === 0) return;
    drawnWidth = width;
    const drawing = options.draw(width);
    if (drawing.chart) {
      drawing.chart.setAttribute("role", "img");
      drawing.chart.setAttribute("aria-label", `${options.title}. ${options.lead}`);
    }
    place.replaceChildren(drawing.chart ?? h("p", { class: "empty" }, drawing.empty ?? "No data."));
    place.dataset.drawn = drawing.chart ? "yes" : "empty";
    save.hidden = !drawing.chart;
    notes.replaceChildren(...(drawing.notes ?? []).map((note) => h("p", {}, note)));
    numbers.replaceChildren(numbers.firstElementChild!, ...(drawing.table ? [drawing.table] : []));
    numbers.hidden = !drawing.table;
  };
  new ResizeObserver(() => {
    if (Math.floor(place.clientWidth) !== drawnWidth) redraw();
  }).observe(place);
  return { element, redraw };
}

/** Which families are shown: one state for all charts. */
export class Families {
  private hidden = new Set<string>();
  private listeners: (() => void)[] = [];
  constructor(readonly names: string[]) {}

  shows(family: string): boolean {
    return !this.hidden.has(family);
  }
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The key of symbols and colours, each a switch. */
  legend(): HTMLElement {
    return h("div", { class: "legend", role: "group", "aria-label": "Families shown" }, this.names.map((family) => {
      const button = h("button", {
        type: "button", "aria-pressed": String(this.shows(family)), "data-family": family,
        onclick: () => {
          if (this.hidden.has(family)) this.hidden.delete(family);
          else this.hidden.add(family);
          for (const twin of document.querySelectorAll(`.legend [data-family="${family}"]`)) {
            twin.setAttribute("aria-pressed", String(this.shows(family)));
          }
          this.listeners.forEach((listener) => listener());
        },
      }, swatch(familyColor(family), FAMILY_SYMBOLS[family] ?? "circle"), familyName(family));
      return button;
    }));
  }
}

const SHAPES: Record<string, string> = {
  circle: '<circle cx="7" cy="7" r="5"/>',
  diamond: '<path d="M7 1 13 7 7 13 1 7Z"/>',
  square: '<rect x="2" y="2" width="10" height="10"/>',
  triangle: '<path d="M7 1.5 13 12H1Z"/>',
};

/** A symbol of a chart, for its key. */
export function swatch(colour: string, symbol: string): HTMLElement {
  const holder = h("span", { class: "swatch", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 14 14" width="14" height="14" style="fill:${colour}">${SHAPES[symbol]}</svg>`;
  return holder;
}
