interface NumberChoiceProps {
  readonly label: string;
  readonly values: readonly number[];
  readonly value: number;
  readonly disabled?: boolean;
  readonly set: (value: number) => void;
}

/** One of a few numbers. */
export function NumberChoice({ label, values, value, disabled = false, set }: NumberChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select disabled={disabled} onChange={(event) => set(Number(event.currentTarget.value))}>
        {values.map((one) => (
          <option key={one} selected={one === value}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
