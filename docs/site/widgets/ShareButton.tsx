import { useState } from "preact/hooks";

/** The address holds the whole state: who follows it sees the same. */
export function ShareButton() {
  const [said, say] = useState("share");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say("copied");
    } catch {
      say("copy the address above"); // a page without https has no clipboard
    }
    setTimeout(() => say("share"), 2000);
  };
  return (
    <button type="button" title="Copy the address of what you see" onClick={() => void copy()}>
      <span role="status">{said}</span>
    </button>
  );
}
