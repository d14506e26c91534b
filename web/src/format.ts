// Numbers as people read them. A number that is not there is a dash.

import type { Spread } from "./data";

export const DASH = "–";

/** Three to four significant digits, no exponent between a thousandth and a million. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(digits - 1).replace("-", "−");
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(decimals).replace("-", "−");
}

export function spread(value: Spread | null, digits = 3): string {
  if (!value) return DASH;
  return value.sd === null ? number(value.mean, digits) : `${number(value.mean, digits)} ± ${number(value.sd, 2)}`;
}

/** "0.194 ± 0.006": as many decimals as the error has two significant digits. */
export function withError(value: number, error: number): string {
  if (!(error > 0) || !Number.isFinite(error)) return number(value);
  const decimals = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(decimals).replace("-", "−")} ± ${error.toFixed(decimals)}`;
}

export function percent(value: number | null): string {
  if (value === null) return DASH;
  return `${value >= 0 ? "+" : "−"}${Math.abs(value * 100).toFixed(1)} %`;
}

export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}.${Math.floor((seconds - whole) * 10)}`;
}

/** Tick labels of a logarithmic rate axis: 0.5, 1, 2, 16. */
export const tick = (value: number): string => String(Number(value.toPrecision(3)));
