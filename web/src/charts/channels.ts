// Where the nats are: the latent channels in falling order.

import * as Plot from "@observablehq/plot";
import { choice, dropdown, table } from "../dom";
import { LATENT_FIGURES, familiesOf, familyColor, familyName, settingsOf, sortKey, type Point, type Results } from "../data";
import * as format from "../format";
import { STYLE } from "./common";
import { figure, type Figure } from "./figure";

/** Above this a channel is active: kActiveNats of src/kilonat/metrics/latent_statistics.h. */
const ACTIVE_NATS = 0.05;

interface Row { rank: number; nats: number; index: number; point: Point; colour: string }

/** From pale to dark with the rate, in the family's colour. */
export const shade = (family: string, i: number, count: number): string =>
  `color-mix(in oklab, ${familyColor(family)} ${count < 2 ? 100 : Math.round(35 + 65 * (i / (count - 1)))}%, var(--card))`;

function rowsOf(point: Point, colour: string): Row[] {
  return point.latent!.nats_per_channel.map((nats, index) => ({ nats, index }))
    .sort((a, b) => b.nats - a.nats)
    .map(({ nats, index }, i) => ({ rank: i + 1, nats, index, point, colour }));
}

export function channels(results: Results): Figure {
  const withLatent = results.points.filter((p) => p.status === "done" && p.latent?.nats_per_channel.length);
  const families = familiesOf(withLatent);
  let family = families[0] ?? "";
  let scale: "log" | "linear" = "log";

  const draw = (width: number) => {
    // One seed a setting: ranks of several would not be the same channels.
    const points = settingsOf(withLatent.filter((p) => p.family === family)).map((s) => s.done[0]!).sort((a, b) => sortKey(a) - sortKey(b));
    if (points.length === 0) return { chart: null, empty: "No point has nats per channel." };
    const lines = points.map((p, i) => rowsOf(p, shade(family, i, points.length)));
    const drawable = lines.map((line) => line.filter((row) => scale === "linear" || row.nats > 0));
    const dropped = lines.flat().length - drawable.flat().length;
    const chart = Plot.plot({
      width, height: Math.max(280, Math.min(400, width * 0.6)), style: STYLE, marginLeft: 52, marginRight: 62, marginBottom: 44, marginTop: 28,
      x: { label: "Channel, by falling nats", labelAnchor: "center", type: "linear", ticks: Math.min(8, width / 70), domain: [0.5, Math.max(...lines.map((l) => l.length)) + 0.5] },
      y: { label: "Nats a frame", type: scale, grid: true, inset: 8, ...(scale === "log" ? { ticks: 5, tickFormat: "~g" } : { nice: true }) },
      marks: [
        Plot.frame({ stroke: "var(--line)" }),
        Plot.ruleY([ACTIVE_NATS], { stroke: "var(--muted)", strokeDasharray: "4 4" }),
        ...drawable.map((line) => Plot.lineY(line, { x: "rank", y: "nats", stroke: line[0]?.colour ?? "", strokeWidth: 2, curve: "step" })),
        ...drawable.map((line) => Plot.text(line.slice(-1), { x: "rank", y: "nats", dx: 8, textAnchor: "start", text: (d: Row) => d.point.label.replace(" kbit/s", ""), fill: (d: Row) => d.colour, fontWeight: 600 })),
        Plot.tip(drawable.flat(), Plot.pointer({ x: "rank", y: "nats", maxRadius: 30, title: (d: Row) => `${d.point.label}, seed ${d.point.seed}\nchannel ${d.index}: ${format.number(d.nats)} nats a frame` })),
      ],
    }) as SVGSVGElement;
    const what = (p: Point) => p.latent!;
    return {
      chart,
      notes: dropped ? [`${dropped} channels with no nats have no place on a logarithmic axis.`] : [],
      table: table("What the latents are like, one seed a setting",
        ["Setting", "Seed", "Active channels", ...LATENT_FIGURES.map(({ label }) => label)],
        points.map((p) => [p.label, String(p.seed), `${what(p).active_channels ?? format.DASH} of ${what(p).nats_per_channel.length}`,
          ...LATENT_FIGURES.map(({ key }) => format.number(what(p)[key]))]), 1),
    };
  };

  const frame = figure({
    id: "channels",
    title: "Nats per channel",
    lead: "How the rate is shared among the latent channels: one line a setting, its first seed, labelled with kbit/s. Dashed: 0.05 nats, from where a channel counts as active (by its informative nats).",
    controls: [
      ...(families.length > 1 ? [dropdown("Family", families.map((f) => ({ value: f, label: familyName(f) })), family, (taken) => {
        family = taken;
        frame.redraw();
      })] : []),
      choice("Axis", [{ value: "log", label: "Log" }, { value: "linear", label: "Linear" }], scale, (taken) => {
        scale = taken;
        frame.redraw();
      }),
    ],
    draw,
  });
  return frame;
}
