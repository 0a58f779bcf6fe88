export const HUB_ID = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@(.+))?$/;

/** Whether a name can be that of a model on the hub: "owner/name", or "owner/name@revision". */
export function isHubId(name: string): boolean {
  const [, repo] = HUB_ID.exec(name) ?? [];
  return repo !== undefined && !repo.includes("..") && !repo.includes("--");
}
