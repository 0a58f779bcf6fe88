import { TemplateError } from "./templateError.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
// biome-ignore format: one list
const MONTHS = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
];

const two = (value: number): string => String(value).padStart(2, "0");
const twelve = (date: Date): number => date.getHours() % 12 || 12;

/** From 1. Summer time moves the hours of a day, not its number. */
function dayOfYear(date: Date): number {
  const midnight = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (midnight - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000;
}

const CODES: Record<string, (date: Date) => string> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  "-m": (date) => String(date.getMonth() + 1),
  B: (date) => MONTHS[date.getMonth()],
  b: (date) => MONTHS[date.getMonth()].slice(0, 3),
  h: (date) => MONTHS[date.getMonth()].slice(0, 3),
  d: (date) => two(date.getDate()),
  "-d": (date) => String(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, " "),
  j: (date) => String(dayOfYear(date)).padStart(3, "0"),
  A: (date) => DAYS[date.getDay()],
  a: (date) => DAYS[date.getDay()].slice(0, 3),
  w: (date) => String(date.getDay()),
  u: (date) => String(date.getDay() || 7),
  H: (date) => two(date.getHours()),
  "-H": (date) => String(date.getHours()),
  I: (date) => two(twelve(date)),
  "-I": (date) => String(twelve(date)),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  f: (date) => String(date.getMilliseconds() * 1000).padStart(6, "0"),
  F: (date) => strftime(date, "%Y-%m-%d"),
  D: (date) => strftime(date, "%m/%d/%y"),
  x: (date) => strftime(date, "%m/%d/%y"),
  R: (date) => strftime(date, "%H:%M"),
  T: (date) => strftime(date, "%H:%M:%S"),
  X: (date) => strftime(date, "%H:%M:%S"),
  c: (date) => strftime(date, "%a %b %e %H:%M:%S %Y"),
  Z: () => "",
  z: () => "",
  n: () => "\n",
  t: () => "\t",
  "%": () => "%",
};

/** Python's `datetime.strftime` of a local time without a zone, in the C locale. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?[\s\S]?)/g, (_, code: string) => {
    if (!Object.hasOwn(CODES, code)) throw new TemplateError(`strftime_now: %${code} is not supported`);
    return CODES[code](date);
  });
}
