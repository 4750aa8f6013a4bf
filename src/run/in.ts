/** An input of a function, where there is more to say of it than its variable. */
import { describeOther } from "../graph/describe_other.ts";
import { withDefaults } from "../graph/options.ts";
import { Variable } from "../graph/variable.ts";
import type { Value } from "../ops/constructors.ts";

/** An input with more to say than its variable. */
export class In<R extends number = number> {
  /** What the argument stands for in the graph. */
  readonly variable: Variable<R>;
  /** For messages; the variable's own unless given. */
  readonly name: string | undefined;
  /** Taken when the argument is absent or undefined. */
  readonly value: Value | undefined;
  /** The argument may be looked into, instead of copied, during the call. */
  readonly borrow: boolean;
  /** The argument may be overwritten: a permission, of which nothing need be made. */
  readonly mutable: boolean;
  /** May be rounded to a narrower float, or must not be, of numbers either; as the function says unless given. */
  readonly allowDowncast: boolean | undefined;
  /** Takes only an NDArray of its dtype: nothing is converted. */
  readonly strict: boolean;

  /** An input that stands for `variable`. */
  constructor(
    variable: Variable<R>,
    options: {
      readonly name?: string;
      readonly value?: Value;
      readonly borrow?: boolean;
      readonly mutable?: boolean;
      readonly allowDowncast?: boolean;
      readonly strict?: boolean;
    } = {},
  ) {
    const given = withDefaults("make an input", options, {
      name: undefined,
      value: undefined,
      borrow: false,
      mutable: false,
      allowDowncast: undefined,
      strict: false,
    });
    if (!(variable instanceof Variable)) {
      throw new TypeError(
        `Cannot make an input: expected a Variable, got ${
          describeOther(variable)
        }`,
      );
    }
    this.variable = variable;
    this.name = given.name ?? variable.name;
    this.value = given.value;
    this.borrow = given.borrow;
    this.mutable = given.mutable;
    this.allowDowncast = given.allowDowncast;
    this.strict = given.strict;
  }
}
