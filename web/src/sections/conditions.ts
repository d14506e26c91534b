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

export function conditions(data: ReportData): HTMLElement {
  const { results } = data;
  const versions = Object.entries(results.versions);
  const configs = results.points.filter((p) => p.config);
  return h("section", { class: "figure", id: "conditions", "aria-labelledby": "conditions-title" },
    h("header", {}, h("h2", { id: "conditions-title" }, "How it was made")),
    commands(results.commands),
    versions.length ? h("div", {}, h("h3", {}, "Versions"), table("Versions", ["What", "Version"], versions.map(([name, version]) => [name, version]), 2)) : null,
    configs.length ? h("div", {}, h("h3", {}, "Configs"), configs.map((p) => h("details", { class: "config" },
      h("summary", {}, `${settingName(p.family, p.label)}, seed ${p.seed} `, p.config_hash ? h("code", {}, p.config_hash) : null), h("pre", {}, p.config)))) : null,
    licences(),
    h("footer", {}, `Page written by ${data.made_by}${results.created ? `; results of ${results.created}` : ""}. ` +
      `${results.points.length} points, ${results.data.clips || format.DASH} clips. It needs no network and sends nothing.`));
}
