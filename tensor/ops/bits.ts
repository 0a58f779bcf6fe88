import { DTypeError } from "../../core/errors.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { elementwise, logicalAnd, logicalOr } from "./elementwise.ts";
import { logicalXor } from "./pointwise.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

const flipped = elementwise("bitwiseNot(x) = -1 - x") as Unary;

/** Each bit the other way: of i32, -1 - x; of bool, not. */
export function bitwiseNot(x: Tensor): Tensor {
  if (x.dtype === "bool") return elementwiseNot(x);
  if (x.dtype !== "i32") throw new DTypeError(`bitwiseNot: expected i32 or bool, got ${x}`);
  return flipped(x);
}
const elementwiseNot = elementwise("bitwiseNotOfBool(x) = !x") as Unary;

const bitAnd = elementwise("bitwiseAnd(a, b) = bitAnd(a, b)") as Binary;
const bitOr = elementwise("bitwiseOr(a, b) = bitOr(a, b)") as Binary;
const bitXor = elementwise("bitwiseXor(a, b) = bitXor(a, b)") as Binary;

/** The bits that both have, as torch.bitwise_and: i32, or bool of two bools. */
export const bitwiseAnd = ofBits(bitAnd, logicalAnd);
/** The bits that one has at least, as torch.bitwise_or. */
export const bitwiseOr = ofBits(bitOr, logicalOr);
/** The bits that one has and the other has not, as torch.bitwise_xor. */
export const bitwiseXor = ofBits(bitXor, logicalXor);

/** a · 2^b in 32 bits, 0 where b is negative or more than 31, as torch.bitwise_left_shift: of i32. */
export const bitwiseLeftShift = elementwise("bitwiseLeftShift(a, b) = shiftLeft(a, b)") as Binary;
/** floor(a / 2^b), the sign where b is negative or more than 31, as torch.bitwise_right_shift: of i32. */
export const bitwiseRightShift = elementwise("bitwiseRightShift(a, b) = shiftRight(a, b)") as Binary;

/** `whole`, but of truth values `logical`. */
function ofBits(whole: Binary, logical: Binary): Binary {
  return (a, b) => {
    const tensors = [a, b].filter((t) => typeof t !== "number");
    const areTrue = tensors.length === 2 && tensors.every(({ dtype }) => dtype === "bool");
    return areTrue ? logical(a, b) : whole(a, b);
  };
}
