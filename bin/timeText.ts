/** "2 h 5 min", "3 min", "20 s" */
export function timeText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return seconds >= 60 ? `${minutes} min` : `${Math.ceil(seconds)} s`;
}
