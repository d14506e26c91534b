// What one needs to do it again: commands, versions, configs.

import { h, table } from "../dom";
import { settingName, type ReportData } from "../data";
import * as format from "../format";

function commands(lines: string[]): HTMLElement | null {
  if (lines.length === 0) return null;
  const text = lines.join("\n");
  const copy = h("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Not allowed here: select and copy";
    }
  } }, "Copy");
  return h("div", {}, h("h3", {}, "Commands ", copy), h("pre", {}, text));
}

/** The build puts the licences of the modules it took in beside the script. */
function licences(): HTMLElement | null {
  const text = document.getElementById("licences")?.textContent;
  return text ? h("details", { class: "licences" }, h("summary", {}, "Licences of the libraries in this page"), h("pre", {}, text)) : null;
}

/** Versions of all studies; where they differ, all are said. */
function versionsOf(data: ReportData): [string, string][] {
  const all = new Map<string, Set<string>>();
  for (const versions of [data.results?.versions, data.generation?.versions, data.limit?.versions]) {
    for (const [name, version] of Object.entries(versions ?? {})) all.set(name, (all.get(name) ?? new Set()).add(version));
  }
  return [...all].map(([name, found]) => [name, [...found].join("; ")]);
}

function configs({ results, generation }: ReportData): HTMLElement[] {
  const entry = (title: string, hash: string, config: string) =>
    h("details", { class: "config" }, h("summary", {}, `${title} `, hash ? h("code", {}, hash) : null), h("pre", {}, config));
  return [
    ...(results?.points ?? []).filter((p) => p.config).map((p) => entry(`${settingName(p.family, p.label)}, seed ${p.seed}`, p.config_hash, p.config)),
    ...(generation?.generator.config ? [entry("All generators", "", generation.generator.config)] : []),
  ];
}

export function conditions(data: ReportData): HTMLElement {
  const { results, generation, limit } = data;
  const versions = versionsOf(data);
  const details = configs(data);
  const created = [...new Set([results?.created, generation?.created, limit?.created])].filter((text) => text).join(" and ");
  const points = (results?.points.length ?? 0) + (generation?.points.length ?? 0) + (limit ? limit.points.length + limit.missing.length : 0);
  const clips = results || generation ? (results ?? generation)!.data.clips : limit?.points[0]?.clips;
  return h("section", { class: "figure", id: "conditions", "aria-labelledby": "conditions-title" },
    h("header", {}, h("h2", { id: "conditions-title" }, "How it was made")),
    commands([...(results?.commands ?? []), ...(generation?.commands ?? []), ...(limit?.commands ?? [])]),
    versions.length ? h("div", {}, h("h3", {}, "Versions"), table("Versions", ["What", "Version"], versions, 2)) : null,
    details.length ? h("div", {}, h("h3", {}, "Configs"), details) : null,
    licences(),
    h("footer", {}, `Page written by ${data.made_by}${created ? `; results of ${created}` : ""}. ` +
      `${points} points, ${clips || format.DASH} clips. It needs no network and sends nothing.`));
}
