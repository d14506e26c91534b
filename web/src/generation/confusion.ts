// Which class was asked for, which one the classifier hears: a matrix for each rate.

import * as Plot from "@observablehq/plot";
import { dropdown, table } from "../dom";
import * as format from "../format";
import { STYLE } from "../charts/common";
import { figure, type Figure } from "../charts/figure";
import { ratesOf, type Generation, type GenerationPoint } from "./data";

interface Cell { prompted: string; heard: string; sum: number; share: number | null }
interface Matrix { label: string; cells: Cell[]; accuracy: number | null; column: number; row: number }

/** The matrices of several points, added; each row's shares are of its own sum. */
function cellsOf(points: GenerationPoint[], classes: string[]): Cell[] {
  return classes.flatMap((prompted, i) => {
    const sums = classes.map((_, j) => points.reduce((sum, p) => sum + p.confusion[i]![j]!, 0));
    const total = sums.reduce((a, b) => a + b, 0);
    return classes.map((heard, j) => ({ prompted, heard, sum: sums[j]!, share: total > 0 ? sums[j]! / total : null }));
  });
}

function accuracyOf(cells: Cell[]): number | null {
  const total = cells.reduce((sum, c) => sum + c.sum, 0);
  return total > 0 ? cells.filter((c) => c.prompted === c.heard).reduce((sum, c) => sum + c.sum, 0) / total : null;
}

const count = (sum: number): string => (Number.isInteger(sum) ? String(sum) : format.number(sum, 2));

/** Cells are not wider than this [pixels]. */
const MAX_CELL = 52;

const short = (name: string): string => (name.length > 13 ? `${name.slice(0, 12)}…` : name);

function plot(matrices: Matrix[], absent: Matrix[], classes: string[], columns: number, room: number): SVGSVGElement {
  const margin = 14 + 6.6 * Math.max(...classes.map((c) => short(c).length));
  const rows = Math.max(...[...matrices, ...absent].map((m) => m.row)) + 1;
  const side = Math.min((room - margin - 8) / columns, MAX_CELL * classes.length + 30);
  const width = margin + columns * side + 8;
  const cells = matrices.flatMap((m) => m.cells.map((c) => ({ ...c, column: m.column, row: m.row, label: m.label })));
  const facet = { fx: "column", fy: "row" };
  const dark = (c: Cell) => (c.share ?? 0) > 0.55;
  const size = side * 0.88 / classes.length;
  return Plot.plot({
    width, height: margin + rows * (side + 20) + 10, style: { ...STYLE, fontSize: size < 22 ? "10.5px" : "12px" }, marginLeft: margin, marginBottom: margin, marginTop: 26, marginRight: 4,
    fx: { axis: null, padding: 0.06 }, fy: { axis: null, padding: 0.14 },
    x: { domain: classes, label: null, tickRotate: -90, tickSize: 0, tickFormat: short, padding: 0.04 },
    y: { domain: classes, label: null, tickSize: 0, tickFormat: short, padding: 0.04 },
    marks: [
      Plot.cell(cells, { ...facet, x: "heard", y: "prompted", fill: (c: Cell) => (c.share === null ? "var(--soft)" : `color-mix(in oklab, var(--gaussian) ${Math.round(100 * c.share)}%, var(--soft))`), rx: 2 }),
      Plot.text(cells.filter((c) => c.sum > 0), { ...facet, x: "heard", y: "prompted", text: (c: Cell) => count(c.sum), fill: (c: Cell) => (dark(c) ? "var(--card)" : "var(--ink)") }),
      Plot.text([...matrices, ...absent], { ...facet, frameAnchor: "top-left", dy: -15, text: (m: Matrix) => `${m.label}${m.accuracy === null ? "" : `: ${Math.round(100 * m.accuracy)} % right`}`, fontWeight: 650, fontSize: 13, fill: "var(--ink)" }),
      Plot.text(absent, { ...facet, frameAnchor: "middle", text: () => "missing", fill: "var(--muted)", fontStyle: "italic" }),
      Plot.tip(cells, Plot.pointer({ ...facet, x: "heard", y: "prompted", maxRadius: 30, title: (c: Cell & { label: string }) => `${c.label}: ${c.prompted}\nheard as ${c.heard}: ${count(c.sum)} (${format.number(c.share === null ? null : 100 * c.share)} %)` })),
    ],
  }) as SVGSVGElement;
}

export const hasConfusion = (data: Generation): boolean => data.points.some((p) => p.confusion.length > 0);

export function confusion(data: Generation): Figure {
  const filled = data.points.filter((p) => p.confusion.length > 0);
  const classes = filled[0]?.classes ?? [];
  const fitting = filled.filter((p) => JSON.stringify(p.classes) === JSON.stringify(classes));
  const seeds = [...new Set(fitting.map((p) => p.seeds))];
  let seed = "all";

  const draw = (width: number) => {
    const taken = fitting.filter((p) => seed === "all" || p.seeds === seed);
    const columns = Math.max(1, Math.min(ratesOf(data.points).length, Math.floor(width / 330)));
    const matrices = ratesOf(data.points).map((rate, i): Matrix => {
      const own = taken.filter((p) => rate.points.includes(p));
      const cells = own.length ? cellsOf(own, classes) : [];
      return { label: rate.label, cells, accuracy: accuracyOf(cells), column: i % columns, row: Math.floor(i / columns) };
    });
    const present = matrices.filter((m) => m.cells.length > 0);
    if (present.length === 0) return { chart: null, empty: "No confusion matrix was measured." };
    const other = filled.length - fitting.length;
    return {
      chart: plot(present, matrices.filter((m) => m.cells.length === 0), classes, columns, width),
      notes: [...(other ? [`${other} points have other classes and are left out.`] : [])],
      table: table("Confusion: rows prompted, columns heard", ["Rate", "Prompted", ...classes], present.flatMap((m) => classes.map((prompted) =>
        [m.label, prompted, ...m.cells.filter((c) => c.prompted === prompted).map((c) => count(c.sum))])), 2),
    };
  };

  const frame = figure({
    id: "generation-confusion",
    title: "Asked for and heard",
    lead: "Rows: the class in the prompt; columns: the class that the classifier hears in the generated sound. Colour: the share of the row. The diagonal is right.",
    controls: seeds.length > 1 ? [dropdown("Generator", [{ value: "all", label: "All seeds, added" }, ...seeds.map((s) => ({ value: s, label: s }))], seed, (value) => {
      seed = value;
      frame.redraw();
    })] : [],
    draw,
  });
  return frame;
}
