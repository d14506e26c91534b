// Light, dark, or as the system says.

import { choice } from "./dom";

type Theme = "auto" | "light" | "dark";
const KEY = "kilonat-theme";

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // some browsers keep no storage for files
  }
}

function apply(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // then it holds for this visit
  }
}

export function themeChoice(): HTMLElement {
  const theme = stored();
  apply(theme);
  return choice<Theme>("Colours", [
    { value: "auto", label: "Auto" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" },
  ], theme, apply);
}
