// Distance against rate: the chart that the study is about.

import * as Plot from "@observablehq/plot";
import { choice, table } from "../dom";
import { RATE_KINDS, absenceText, absencesOf, familyName, rateOf, settingsOf, spreadOf, whyNotDone, type Distance, type Results } from "../data";
import * as format from "../format";
import { NARROW, STYLE, missingMarks, rateScale, spreadMarks, withEndLabels, type Dot } from "./common";
import { figure, type Families, type Figure } from "./figure";

export function rateDistortion(results: Results, families: Families): Figure {
  let distance = results.distances[0]!;
  let kind = RATE_KINDS[0]!;
  const settings = settingsOf(results.points);

  const dots = (shown: Distance): Dot[] => settings.flatMap((setting) => {
    // Only seeds that have both figures: a mean over others would be of another set.
    const both = setting.done.filter((p) => rateOf(p, kind) !== null && p.distances[shown.name] !== undefined);
    const x = spreadOf(both.map((p) => rateOf(p, kind)));
    const y = spreadOf(both.map((p) => p.distances[shown.name]));
    if (!x || !y || x.mean <= 0) return []; // a logarithmic axis has no zero
    const title = `${familyName(setting.family)}: ${setting.label}\n${kind.label.toLowerCase()} ${format.spread(x)} kbit/s\n` +
      `${shown.label} ${format.spread(y)} ${shown.unit}\n${x.n === 1 ? "one seed" : `${x.n} seeds`}`;
    return [{ family: setting.family, label: setting.label, x, y, title }];
  });

  const absences = () => absencesOf(results.points.filter((p) => families.shows(p.family)), (point) => {
    const why = whyNotDone(point);
    if (why !== null) return why;
    const rate = rateOf(point, kind);
    if (rate === null) return `${kind.label.toLowerCase()} rate not measured`;
    if (rate <= 0) return `${kind.label.toLowerCase()} rate ${rate}, which has no place on the axis`;
    return point.distances[distance.name] === undefined ? `${distance.label} not measured` : null;
  });

  const draw = (width: number) => {
    const all = dots(distance);
    const shown = all.filter((dot) => families.shows(dot.family));
    const missing = absences();
    const rows = missing.flatMap((a) => (a.target === null ? [] : [{ x: a.target, family: a.family, title: absenceText(a) }]));
    const notes = [`${kind.label} rate. ${kind.note}.`];
    if (missing.length) notes.push(`Not measured, and so not drawn as points (× at the rate asked for): ${missing.map(absenceText).join("; ")}.`);
    const tableOf = all.length === 0 ? null : table(`${distance.label} and ${kind.label.toLowerCase()} rate of each setting`,
      ["Family", "Setting", "Seeds", "Rate, kbit/s", `${distance.label}${distance.unit ? `, ${distance.unit}` : ""}`],
      all.map((d) => [familyName(d.family), d.label, String(d.x.n), format.spread(d.x), format.spread(d.y)]), 2);
    if (shown.length === 0) return { chart: null, empty: `No point has both ${distance.label} and this rate.`, notes, table: tableOf };
    const chart = withEndLabels({
      width, height: Math.max(320, Math.min(520, width * 0.52)), style: STYLE,
      marginLeft: 52, marginRight: width < NARROW ? 12 : 66, marginBottom: 44, marginTop: 28,
      x: rateScale(`${kind.label} rate [kbit/s], logarithmic`, [...shown.map((d) => d.x.mean), ...rows.map((r) => r.x)], width),
      y: {
        label: `${distance.label}${distance.unit ? ` [${distance.unit}]` : ""}, ${distance.better} is better`,
        grid: true, nice: true, inset: 14,
      },
      marks: [Plot.frame({ stroke: "var(--line)" }), ...missingMarks(rows), ...spreadMarks(shown)],
    }, shown);
    return { chart, notes, table: tableOf };
  };

  const frame = figure({
    id: "rate-distortion",
    title: "Rate and distortion",
    lead: "Dots are means over seeds, bars ± one sample standard deviation (two seeds or more), small rings the single seeds. " +
      "Lines join the settings of a family; nothing was measured between dots.",
    controls: [
      choice("Distance", results.distances.map((d) => ({ value: d.name, label: d.label })), distance.name, (name) => {
        distance = results.distances.find((d) => d.name === name)!;
        frame.redraw();
      }),
      choice("Rate", RATE_KINDS.map((k) => ({ value: k.key, label: k.label, title: k.note })), kind.key, (key) => {
        kind = RATE_KINDS.find((k) => k.key === key)!;
        frame.redraw();
      }),
      families.legend(),
    ],
    draw,
  });
  families.onChange(frame.redraw);
  return frame;
}
