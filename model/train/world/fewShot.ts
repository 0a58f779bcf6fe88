/** Words that no picture is ever trained with, for shapes that demonstrations give a name. */
export const MADE_UP = ["dax", "wug"] as const;
export const FEW_SHOT_WORDS: readonly string[] = ["This is a", ...MADE_UP];
