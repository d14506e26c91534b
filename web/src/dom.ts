// A few lines in the place of a framework.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((event: any) => void) | undefined>;

/** An element: attributes, "onclick" and its like as listeners, children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return element;
}

/** A row of choices of which one is taken; arrow keys move between them. */
export function choice<T extends string>(
  legend: string, options: { value: T; label: string; title?: string }[], taken: T, onChange: (value: T) => void,
): HTMLElement {
  const name = `choice-${choice.count++}`;
  return h("fieldset", { class: "choice" }, h("legend", {}, legend),
    h("div", { class: "segments" }, options.map((option) => h("label", { title: option.title },
      h("input", {
        type: "radio", name, value: option.value, checked: option.value === taken,
        onchange: () => onChange(option.value),
      }), h("span", {}, option.label)))));
}
choice.count = 0;

/** A drop-down list. */
export function dropdown(
  legend: string, options: { value: string; label: string }[], taken: string, onChange: (value: string) => void,
): HTMLElement {
  return h("label", { class: "dropdown" }, h("span", {}, legend),
    h("select", { onchange: (event: Event) => onChange((event.target as HTMLSelectElement).value) },
      options.map((o) => h("option", { value: o.value, selected: o.value === taken }, o.label))));
}

/** A switch that stays down. */
export function toggle(label: string, pressed: boolean, onChange: (pressed: boolean) => void): HTMLButtonElement {
  const button = h("button", {
    type: "button", class: "toggle", "aria-pressed": String(pressed),
    onclick: () => {
      const now = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(now));
      onChange(now);
    },
  }, label);
  return button;
}

export type Cell = string | Node;

/** A table that scrolls sideways where it must. The first column heads its row. */
export function table(caption: string, head: string[], rows: Cell[][], numeric = 1): HTMLElement {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { scope: "col", class: i >= numeric ? "n" : undefined }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) =>
        i === 0 ? h("th", { scope: "row" }, cell) : h("td", { class: i >= numeric ? "n" : undefined }, cell)))))));
}

/** Hands the browser a file to save. */
export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
